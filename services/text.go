package services

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// storable reports whether text can be stored everywhere: PostgreSQL refuses NUL and broken UTF-8.
func storable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// within reports whether text is storable, not blank and at most max characters.
func within(text string, max int) bool {
	return storable(text) && strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= max
}

// line makes one line of at most max characters of whatever was given: for names that are shown, never compared.
func line(text string, max int) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if runes := []rune(text); len(runes) > max {
		return string(runes[:max])
	}
	return text
}

// plainLine reports whether text is storable and holds no control character: for identifiers.
func plainLine(text string) bool {
	return storable(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
