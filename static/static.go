// Package static embeds the browser's files and puts a hash of the content in their URLs, so that browsers can cache
// them forever.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

//go:embed app/*.js app/app.build.css app/*.svg widget/embed.js widget/widget.js widget/widget.css vendor/*.js
var embedded embed.FS

// The files as they are served, and their URLs.
var (
	files   = map[string][]byte{}
	urls    = map[string]string{}
	imports = map[string][]string{} // module → the names of the modules it imports
)

func init() {
	_ = fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			load(name)
		}
		return err
	})
}

// File returns the content of a file, by the name that URL takes. Callers must not change it.
func File(name string) (content []byte, exists bool) {
	content, exists = files[name]
	return content, exists
}

// URL returns where a file is served: /static/<name>?v=<hash>. The answer to a URL with the current hash never changes.
// An unknown name gets no hash.
func URL(name string) string {
	if url, ok := urls[name]; ok {
		return url
	}
	return "/static/" + name
}

// Imports returns the URLs of all modules that a module imports, directly or not, so that a page can load them at once
// instead of finding them one import at a time.
func Imports(name string) []string {
	var found []string
	seen := map[string]bool{name: true}
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		for _, imported := range imports[queue[0]] {
			if !seen[imported] {
				seen[imported] = true
				queue = append(queue, imported)
				found = append(found, URL(imported))
			}
		}
	}
	return found
}

// importLine matches an import in an ES module: always a relative path in double quotes.
var importLine = regexp.MustCompile(`(\bimport |\bfrom )"(\.[^"?]+)"`)

// load hashes a file. In a module every import becomes the hashed URL of the imported module, so that a page never
// mixes versions. Modules therefore must not import each other in a circle.
func load(name string) {
	if _, ok := urls[name]; ok {
		return
	}
	content, err := embedded.ReadFile(name)
	if err != nil {
		return
	}
	if strings.HasPrefix(name, "app/") && strings.HasSuffix(name, ".js") {
		content = importLine.ReplaceAllFunc(content, func(found []byte) []byte {
			part := importLine.FindSubmatch(found)
			imported := path.Join(path.Dir(name), string(part[2]))
			load(imported)
			imports[name] = append(imports[name], imported)
			return []byte(string(part[1]) + `"` + URL(imported) + `"`)
		})
	}
	sum := sha256.Sum256(content)
	files[name] = content
	urls[name] = "/static/" + name + "?v=" + hex.EncodeToString(sum[:])[:10]
}
