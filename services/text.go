package services

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// storable reports whether both databases can store text. PostgreSQL refuses NUL and invalid UTF-8.
func storable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// hasLength reports whether text can be stored, shows something, and has at most max characters.
func hasLength(text string, max int) bool {
	return storable(text) && !Blank(text) && utf8.RuneCountInString(text) <= max
}

// Blank reports whether text shows nothing: it is empty, or contains only spaces, control and format characters,
// fillers, and combining marks without a base character. The browsers follow the same rule, and testdata/blank.json
// tests both.
func Blank(text string) bool { return !strings.ContainsFunc(text, visible) }

func visible(r rune) bool {
	return !unicode.In(r, unseen...) || unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// unseen are the characters that show nothing by themselves. The exception is in visible: some format characters, such
// as the Arabic number sign, have a shape.
var unseen = []*unicode.RangeTable{
	unicode.White_Space,
	unicode.Cc,
	unicode.Cf, // zero width spaces, soft hyphen, direction, tags
	unicode.Mn,
	unicode.Me,
	unicode.Other_Default_Ignorable_Code_Point, // Hangul fillers among others
	unicode.Noncharacter_Code_Point,
	{
		R16: []unicode.Range16{
			{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // Braille blank
			{Lo: 0xfffc, Hi: 0xfffc, Stride: 1}, // object replacement character
		},
		R32: []unicode.Range32{
			{Lo: 0x13441, Hi: 0x13442, Stride: 1}, // blanks among hieroglyphs
			{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}, // null notehead
		},
	},
}

// trim removes the spaces around text. It returns nothing if text is blank.
func trim(text string) string {
	if Blank(text) {
		return ""
	}
	return strings.TrimSpace(text)
}

// oneLine turns any text into one line of at most max characters, or into nothing if the line would be blank. Use it
// for names that are shown, not for values that are compared.
func oneLine(text string, max int) string {
	text = undirected(strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if runes := []rune(text); len(runes) > max {
		text = string(runes[:max])
	}
	if Blank(text) {
		return ""
	}
	return text
}

// undirected removes what changes the direction of text: a name could seem to go on in the words around it.
func undirected(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }), "")
}

// plainLine reports whether text can be stored and has no control characters. Use it for identifiers.
func plainLine(text string) bool {
	return storable(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// literal reports whether a reader sees text in the order in which it is: it is a plain line, in which nothing reorders
// the rest. `invoice<U+202E>fdp.exe` reads as a PDF.
func literal(text string) bool {
	return plainLine(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
	})
}

// orEmpty returns the text, or nothing if it is missing.
func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// firstOf returns the first text that is not blank.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if !Blank(text) {
			return text
		}
	}
	return ""
}

// properName removes the spaces around the name of a user, bot or organization and checks its length. Error: Invalid.
func properName(field, called, name string) (string, error) {
	name = strings.TrimSpace(undirected(name))
	if !hasLength(name, 100) || !plainLine(name) {
		return "", refuseField(field, "Enter the %s, in at most 100 characters.", called)
	}
	return name, nil
}
