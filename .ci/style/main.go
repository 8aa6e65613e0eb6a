// Style checks rules that gofmt does not, for hand-written Go: lines of at most 120 columns, one field per line in long
// composite literals, and at most two values in one assignment.
//
//	go run ./.ci/style [-fix] FILE…
//
// With -fix it rewrites literals, wraps comments, and reports the problems that remain.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"sort"
	"strings"
	"unicode/utf8"
)

const (
	maxColumns        = 120 // a tab counts as four
	maxLiteralColumns = 100 // for a line with several fields of one literal
	maxParallel       = 2
)

func main() {
	fix := flag.Bool("fix", false, "rewrite the files")
	flag.Parse()
	failed := false
	for _, path := range flag.Args() {
		problems, err := check(path, *fix)
		if err != nil {
			problems = []string{err.Error()}
		}
		for _, problem := range problems {
			fmt.Fprintln(os.Stderr, problem)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(path string, fix bool) (problems []string, err error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if fix {
		fixed, err := rewrite(path, source)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(fixed, source) {
			if err := os.WriteFile(path, fixed, 0o644); err != nil {
				return nil, err
			}
			source = fixed
		}
	}
	file, err := parse(path, source)
	if err != nil {
		return nil, err
	}
	verbatim := file.verbatim()
	for i, line := range file.lines {
		if n := columns(line); n > maxColumns && !verbatim[i+1] {
			problems = append(problems, fmt.Sprintf("%s:%d: %d columns, more than %d", path, i+1, n, maxColumns))
		}
	}
	for _, literal := range file.crowded() {
		problems = append(problems, fmt.Sprintf("%s: write one field per line", file.set.Position(literal.Pos())))
	}
	for _, assignment := range file.parallel() {
		problems = append(problems,
			fmt.Sprintf("%s: more than %d values in one assignment", file.set.Position(assignment.Pos()), maxParallel))
	}
	return problems, nil
}

// source is a parsed file with its text and lines.
type source struct {
	set   *token.FileSet
	tree  *ast.File
	text  []byte
	lines []string
}

// parse parses a file with its comments.
func parse(path string, text []byte) (*source, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return &source{set: set, tree: tree, text: text, lines: strings.Split(string(text), "\n")}, nil
}

func (s *source) line(pos token.Pos) int { return s.set.Position(pos).Line }

// verbatim returns the lines that may be long: raw strings, and any string of a test.
func (s *source) verbatim() map[int]bool {
	lines := map[int]bool{}
	test := strings.HasSuffix(s.set.Position(s.tree.Pos()).Filename, "_test.go")
	ast.Inspect(s.tree, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if ok && literal.Kind == token.STRING && (test || literal.Value[0] == '`') {
			for line := s.line(literal.Pos()); line <= s.line(literal.End()); line++ {
				lines[line] = true
			}
		}
		return true
	})
	return lines
}

// crowded returns the struct literals that have two fields on one line, if that line is too long or the literal has
// several lines.
func (s *source) crowded() (found []*ast.CompositeLit) {
	ast.Inspect(s.tree, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if ok && s.isCrowded(literal) {
			found = append(found, literal)
		}
		return true
	})
	return found
}

func (s *source) isCrowded(literal *ast.CompositeLit) bool {
	shared, long := false, s.line(literal.Lbrace) != s.line(literal.Rbrace)
	for i, element := range literal.Elts {
		field, keyed := element.(*ast.KeyValueExpr)
		if !keyed {
			return false
		}
		if _, named := field.Key.(*ast.Ident); !named {
			return false
		}
		if i > 0 && s.line(literal.Elts[i-1].End()) == s.line(element.Pos()) {
			shared = true
			long = long || columns(s.lines[s.line(element.Pos())-1]) > maxLiteralColumns
		}
	}
	return shared && long
}

// parallel returns the assignments with more than two values on the right. Several results of one call are one value.
func (s *source) parallel() (found []*ast.AssignStmt) {
	ast.Inspect(s.tree, func(node ast.Node) bool {
		assignment, ok := node.(*ast.AssignStmt)
		if ok && len(assignment.Rhs) > maxParallel {
			found = append(found, assignment)
		}
		return true
	})
	return found
}

// rewrite puts each field of crowded literals on its own line, outermost literals first, and wraps long comments.
func rewrite(path string, text []byte) ([]byte, error) {
	for {
		file, err := parse(path, text)
		if err != nil {
			return nil, err
		}
		crowded := file.crowded()
		if len(crowded) == 0 {
			return format.Source(wrapComments(text))
		}
		if text, err = format.Source(file.broken(crowded[0])); err != nil {
			return nil, err
		}
	}
}

// broken returns the file with each field of literal on its own line.
func (s *source) broken(literal *ast.CompositeLit) []byte {
	breaks := map[int]string{}
	before := literal.Lbrace
	for _, element := range literal.Elts {
		if s.line(before) == s.line(element.Pos()) {
			breaks[s.set.Position(element.Pos()).Offset] = "\n"
		}
		before = element.End()
	}
	last := literal.Elts[len(literal.Elts)-1]
	closing := s.set.Position(literal.Rbrace).Offset
	if between := s.text[s.set.Position(last.End()).Offset:closing]; !bytes.ContainsRune(between, ',') {
		breaks[closing] = ",\n"
	}
	offsets := make([]int, 0, len(breaks))
	for offset := range breaks {
		offsets = append(offsets, offset)
	}
	sort.Ints(offsets)
	var out bytes.Buffer
	from := 0
	for _, offset := range offsets {
		out.Write(bytes.TrimRight(s.text[from:offset], " "))
		out.WriteString(breaks[offset])
		from = offset
	}
	out.Write(s.text[from:])
	return out.Bytes()
}

// wrapComments rewraps every paragraph of line comments in which a line is too long.
func wrapComments(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	var out []string
	for i := 0; i < len(lines); {
		indent, _, ok := proseComment(lines[i])
		if !ok {
			out = append(out, lines[i])
			i++
			continue
		}
		var words []string
		long, first := false, i
		for ; i < len(lines); i++ {
			other, prose, ok := proseComment(lines[i])
			if !ok || other != indent {
				break
			}
			long = long || columns(lines[i]) > maxColumns
			words = append(words, strings.Fields(prose)...)
		}
		if !long {
			out = append(out, lines[first:i]...)
			continue
		}
		out = append(out, fill(indent, words)...)
	}
	return []byte(strings.Join(out, "\n"))
}

// proseComment splits a line comment into indentation and text. It is not ok for directives, empty comments, and code
// or lists in comments, which must not be wrapped.
func proseComment(line string) (indent, prose string, ok bool) {
	trimmed := strings.TrimLeft(line, "\t")
	prose, ok = strings.CutPrefix(trimmed, "// ")
	if !ok || prose == "" || strings.HasPrefix(prose, " ") || strings.HasPrefix(prose, "- ") {
		return "", "", false
	}
	return line[:len(line)-len(trimmed)], prose, true
}

func fill(indent string, words []string) (lines []string) {
	line := indent + "//"
	for _, word := range words {
		if columns(line)+1+utf8.RuneCountInString(word) > maxColumns {
			lines = append(lines, line)
			line = indent + "//"
		}
		line += " " + word
	}
	return append(lines, line)
}

func columns(line string) int {
	return utf8.RuneCountInString(line) + 3*strings.Count(line, "\t")
}
