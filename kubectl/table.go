package kubectl

import (
	"strings"
	"unicode/utf8"
)

// column of a table.
type column struct {
	head string
	// rank says which columns go first when there is no room: the highest. Those of rank 0 stay.
	rank  int
	right bool // numbers
}

// cell is a text, and its colour on a terminal.
type cell struct {
	text  string
	color color
}

// table is rows under columns, with notes below a row.
type table struct {
	columns []column
	rows    []row
}

type row struct {
	cells []cell
	notes []cell
}

// gap between columns, and the indent of notes.
const gap = 2

// write the table into width columns; 0 for as many as it takes. Columns that have no room are left
// out by rank, and what is still too long is cut, with an ellipsis.
func (t *table) write(b *strings.Builder, width int, color bool) {
	shown := t.fit(width)
	sizes := t.sizes()
	line := func(cells func(i int) (string, string)) {
		var text strings.Builder
		used := 0
		for n, i := range shown {
			raw, painted := cells(i)
			size := sizes[i]
			if width > 0 && used+size > width { // the last resort: cut
				size = max(1, width-used)
			}
			if cut := clip(raw, size); cut != raw {
				raw, painted = cut, cut
			}
			pad := strings.Repeat(" ", max(0, size-utf8.RuneCountInString(raw)))
			last := n == len(shown)-1
			switch {
			case t.columns[i].right:
				text.WriteString(pad + painted)
			case last:
				text.WriteString(painted)
			default:
				text.WriteString(painted + pad)
			}
			used += size
			if !last {
				text.WriteString(strings.Repeat(" ", gap))
				used += gap
			}
		}
		b.WriteString(strings.TrimRight(text.String(), " "))
		b.WriteByte('\n')
	}
	line(func(i int) (string, string) { return t.columns[i].head, paint(color, faint, t.columns[i].head) })
	for _, r := range t.rows {
		line(func(i int) (string, string) {
			c := r.cells[i]
			return c.text, paint(color, c.color, c.text)
		})
		for _, note := range r.notes {
			for _, text := range wrap(note.text, width, gap) {
				b.WriteString(strings.Repeat(" ", gap) + paint(color, note.color, text) + "\n")
			}
		}
	}
}

func (t *table) sizes() []int {
	sizes := make([]int, len(t.columns))
	for i, c := range t.columns {
		sizes[i] = utf8.RuneCountInString(c.head)
		for _, r := range t.rows {
			sizes[i] = max(sizes[i], utf8.RuneCountInString(r.cells[i].text))
		}
	}
	return sizes
}

// fit chooses the columns that have room. A column in which nothing stands is not shown at all.
func (t *table) fit(width int) []int {
	sizes := t.sizes()
	var shown []int
	for i, c := range t.columns {
		empty := true
		for _, r := range t.rows {
			empty = empty && r.cells[i].text == ""
		}
		if c.rank == 0 || !empty {
			shown = append(shown, i)
		}
	}
	for width > 0 {
		total, worst := -gap, -1
		for n, i := range shown {
			total += sizes[i] + gap
			if t.columns[i].rank > 0 && (worst < 0 || t.columns[i].rank > t.columns[shown[worst]].rank) {
				worst = n
			}
		}
		if total <= width || worst < 0 {
			break
		}
		shown = append(shown[:worst:worst], shown[worst+1:]...)
	}
	return shown
}

// clip cuts a text to so many letters.
func clip(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return string(runes[:max(0, most-1)]) + "…"
}

// wrap breaks a text at spaces into lines of at most width-indent letters; one line when width is 0.
func wrap(text string, width, indent int) []string {
	most := max(20, width-indent)
	if width == 0 || utf8.RuneCountInString(text) <= most {
		return []string{text}
	}
	var lines []string
	var line string
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > most:
			lines, line = append(lines, line), "  "+word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
