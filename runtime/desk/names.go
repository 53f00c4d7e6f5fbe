package desk

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible is a name as others are to read it: without what nobody sees and what makes text read otherwise than it
// stands there: control characters, marks that turn the direction of writing, ends of lines and spaces without width.
// People paste such marks without knowing, and others to look like somebody else. The joiners within words and emojis
// stay.
func Visible(name string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085' {
			return ' '
		}
		if unicode.IsControl(r) || unseen(r) {
			return -1
		}
		return r
	}, name))
}

// withoutMarks is Visible for what a customer stated: control characters, which nobody pastes, stay and are refused.
func withoutMarks(text string) string {
	if !utf8.ValidString(text) {
		return text // and is refused
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unseen(r) {
			return -1
		}
		return r
	}, text))
}

// unseen tells whether a character only acts on others, or is nothing at all.
func unseen(r rune) bool {
	switch {
	case r == '\u200b', r == '\u00ad', r == '\ufeff', r == '\u061c', r == '\u180e': // no width; Arabic and Mongolian marks
		return true
	case r == '\u200e', r == '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u206f': // direction
		return true
	case r >= '\u2060' && r <= '\u2065', r >= '\ufff9' && r <= '\ufffb', r == '\u2028', r == '\u2029':
		return true
	}
	return false
}
