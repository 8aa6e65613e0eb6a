package views

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// piece is a part of a message's text. A piece with an Href is a link.
type piece struct {
	Text string
	Href templ.SafeURL
}

// addresses begin at a word and end before a space, a quotation mark, an angle bracket or a character that changes the
// direction of writing, because that could make a link look like another one.
var addresses = regexp.MustCompile(`(?i)\b(?:https?://|mailto:)[^\s<>"\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]+`)

// pieces splits text into plain parts and links.
func pieces(text string) []piece {
	var cut []piece
	end := 0
	for _, at := range addresses.FindAllStringIndex(text, -1) {
		address := text[at[0]:at[1]]
		address = address[:len(address)-trailing(address)]
		href := safeAddress(address)
		if href == "" {
			continue
		}
		if at[0] > end {
			cut = append(cut, piece{Text: text[end:at[0]]})
		}
		cut = append(cut, piece{address, href})
		end = at[0] + len(address)
	}
	if end < len(text) {
		cut = append(cut, piece{Text: text[end:]})
	}
	return cut
}

// trailing counts the bytes at the end of an address that belong to the sentence around it, like a period.
func trailing(address string) int {
	rest := address
	for {
		last, size := utf8.DecodeLastRuneInString(rest)
		switch {
		case strings.ContainsRune(`.,;:!?'*_~…»”’。，、！？`, last):
		case last == ')' && strings.Count(rest, ")") > strings.Count(rest, "("):
		case last == ']' && strings.Count(rest, "]") > strings.Count(rest, "["):
		default:
			return len(address) - len(rest)
		}
		rest = rest[:len(rest)-size]
	}
}

// safeAddress is the link for an address. It is empty for `https://bank.example@evil.example`, which reads as another
// site.
func safeAddress(address string) templ.SafeURL {
	u, err := url.Parse(address)
	if err != nil || strings.Contains(address, `\`) {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" || u.User != nil {
			return ""
		}
	case "mailto":
		if !strings.Contains(u.Opaque, "@") {
			return ""
		}
	default:
		return ""
	}
	return templ.SafeURL(address)
}

const maxLargeEmoji = 6

// emojiOnly reports whether text is only a few emoji.
func emojiOnly(text string) bool {
	count := 0
	for _, r := range text {
		switch {
		case unicode.IsSpace(r), r == 0x200d, r == 0xfe0f, r >= 0x1f3fb && r <= 0x1f3ff: // joiner, variation, skin
		case r >= 0x1f000 && r <= 0x1faff, r >= 0x2600 && r <= 0x27bf, r >= 0x2b00 && r <= 0x2bff:
			count++
		default:
			return false
		}
	}
	return count > 0 && count <= maxLargeEmoji
}

const (
	longText  = 1200 // characters
	longLines = 18
)

// long reports whether a message is folded at first.
func long(text string) bool {
	return utf8.RuneCountInString(text) > longText || strings.Count(text, "\n") >= longLines
}

const previewLength = 140 // characters: wider than any row

// oneLine is the beginning of text, for a row of the list.
func oneLine(text string) string {
	line := make([]rune, 0, previewLength)
	for _, r := range text {
		if len(line) == previewLength {
			return string(line) + "…"
		}
		if unicode.IsSpace(r) {
			r = ' '
		}
		line = append(line, r)
	}
	return string(line)
}
