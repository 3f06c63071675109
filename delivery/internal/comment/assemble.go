package comment

import (
	"fmt"
	"strings"
)

// section is a list under a title.
type section struct {
	title string
	// folded is whether the list is folded away if it is long.
	folded  bool
	entries []string
}

// unfolded is up to how many entries a list is shown at once.
const unfolded = 10

// open and end stand before and behind the section's entries.
func (s section) open() string {
	title := fmt.Sprintf("%s: %d", s.title, len(s.entries))
	if s.folded && len(s.entries) > unfolded {
		return "\n<details><summary>" + title + "</summary>\n\n"
	}
	return "\n**" + title + "**\n\n"
}

func (s section) end() string {
	if s.folded && len(s.entries) > unfolded {
		return "\n</details>\n"
	}
	return ""
}

// assemble puts the sections together, entry by entry, as long as there is room for the note that says what is left out.
// An entry is never cut, and what is open is closed.
func assemble(head string, sections []section, o Options) string {
	var whole strings.Builder
	whole.WriteString(head)
	total := 0
	for _, s := range sections {
		whole.WriteString(s.text(len(s.entries)))
		total += len(s.entries)
	}
	if o.Limit == 0 || whole.Len() <= o.Limit {
		return whole.String()
	}
	room := o.Limit - len(cutNote(total, o.Whole))
	out, shown := head, 0
	for _, s := range sections {
		n := s.fitting(room - len(out))
		out, shown = out+s.text(n), shown+n
		if n < len(s.entries) {
			break
		}
	}
	return out + cutNote(total-shown, o.Whole)
}

// text is the section with its first n entries; nothing without any.
func (s section) text(n int) string {
	if n == 0 {
		return ""
	}
	return s.open() + strings.Join(s.entries[:n], "") + s.end()
}

// fitting is how many of its entries fit into room.
func (s section) fitting(room int) int {
	room -= len(s.open()) + len(s.end())
	for n, entry := range s.entries {
		if room -= len(entry); room < 0 {
			return n
		}
	}
	return len(s.entries)
}

func cutNote(left int, whole string) string {
	if whole == "" {
		whole = "the file that `--full` writes"
	}
	return fmt.Sprintf("\n_Cut here: %d more are in %s._\n", left, whole)
}
