package protocol

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the event table into docs/api.md")

const (
	apiReference = "../../docs/api.md"
	tableBegin   = "<!-- events -->\n"
	tableEnd     = "<!-- /events -->\n"
)

func TestAPIReference_hasEveryEvent(t *testing.T) {
	text, err := os.ReadFile(apiReference)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := bytes.Cut(text, []byte(tableBegin))
	table, after, ends := bytes.Cut(rest, []byte(tableEnd))
	if !begins || !ends {
		t.Fatalf("docs/api.md lacks the lines %q and %q", tableBegin, tableEnd)
	}
	want := eventTable()
	if string(table) == want {
		return
	}
	if !*update {
		t.Fatal("the event table in docs/api.md is stale: run make generate")
	}
	if err := os.WriteFile(apiReference, fmt.Appendf(before, "%s%s%s%s", tableBegin, want, tableEnd, after),
		0o644); err != nil {
		t.Fatal(err)
	}
}

// eventTable is Events as Markdown.
func eventTable() string {
	var table strings.Builder
	for _, direction := range []struct {
		Direction
		title, to string
	}{{ClientToServer, "Client to server", "Sent by"}, {ServerToClient, "Server to client", "Sent to"}} {
		fmt.Fprintf(&table, "| %s | %s | Payload | |\n| --- | --- | --- | --- |\n", direction.title, direction.to)
		for _, event := range Events {
			if event.Direction == direction.Direction {
				fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n",
					event.Name, event.To, fields(event.Payload), event.About)
			}
		}
		table.WriteString("\n")
	}
	return "\n" + table.String()
}

// fields are the JSON names of a payload, those that may be missing with a question mark.
func fields(payload any) string {
	if payload == nil {
		return "none"
	}
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(payload)) {
		name, options, tagged := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		if tagged && options == "omitempty" {
			name += "?"
		}
		names = append(names, "`"+name+"`")
	}
	return strings.Join(names, ", ")
}
