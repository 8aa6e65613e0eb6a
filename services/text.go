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

// hasLength reports whether text is storable, not blank and at most max characters.
func hasLength(text string, max int) bool {
	return storable(text) && !Blank(text) && utf8.RuneCountInString(text) <= max
}

// Blank reports whether a reader sees nothing of text: it is empty, or has only spaces, control and format characters,
// fillers, and marks without a character to be on. The browsers have the same rule; testdata/blank.json is for both.
func Blank(text string) bool { return !strings.ContainsFunc(text, visible) }

func visible(r rune) bool {
	return !unicode.In(r, unseen...) || unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// unseen are the characters that show nothing by themselves, except that some of those that stand before others, such
// as the Arabic number sign, are format characters with a shape.
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
		R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}}, // null notehead
	},
}

// trim is text without the spaces around it, or nothing if it is blank.
func trim(text string) string {
	if Blank(text) {
		return ""
	}
	return strings.TrimSpace(text)
}

// oneLine makes one line of at most max characters of whatever was given, or nothing if that would be blank: for names
// that are shown, never compared.
func oneLine(text string, max int) string {
	text = strings.ToValidUTF8(text, "")
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

// plainLine reports whether text is storable and holds no control character: for identifiers.
func plainLine(text string) bool {
	return storable(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// orEmpty is a text that may be missing.
func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// firstOf is the first of texts that is not blank, or nothing.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if !Blank(text) {
			return text
		}
	}
	return ""
}

// properName is the name of a user, bot or organization without blanks around it. Error: Invalid.
func properName(field, called, name string) (string, error) {
	name = strings.TrimSpace(name)
	if !hasLength(name, 100) || !plainLine(name) {
		return "", refuseField(field, "The %s must have 1 to 100 characters.", called)
	}
	return name, nil
}
