package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/config"
)

// ship has one field of each kind.
type ship struct {
	Name    string            `json:"name"`
	Masts   int               `json:"masts,omitempty" jsonschema:"default=3,minimum=1"`
	Decks   int               `json:"decks,omitempty" jsonschema:"minimum=1"`
	Afloat  bool              `json:"afloat,omitempty"`
	Crew    []string          `json:"crew,omitempty"`
	Flags   map[string]string `json:"flags,omitempty"`
	Boats   map[string]boat   `json:"boats,omitempty"`
	Pilot   *boat             `json:"pilot,omitempty"`
	Wind    wind              `json:"wind,omitempty"`
	Private string            `json:"-"`
	Fleet   map[string]*ship  `json:"fleet,omitempty"`
}

type boat struct {
	Oars int    `json:"oars,omitempty" jsonschema:"default=2,minimum=1"`
	Name string `json:"name,omitempty"`
}

// wind is a direction, several, or a mapping.
type wind struct {
	From   []string `json:"-"`
	Knots  int      `json:"knots,omitempty"`
	Gusts  int      `json:"gusts,omitempty"`
	Scalar any      `json:"-"`
}

func (w *wind) SetScalar(value any) error {
	if value == "nowhere" {
		return errors.New("must blow from somewhere")
	}
	*w = wind{Scalar: value}
	return nil
}

func (w *wind) SetList(from []string) error {
	*w = wind{From: from}
	return nil
}

func decodeShip(t *testing.T, text string, s *ship) field.ErrorList {
	t.Helper()
	var node yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &node), text)
	return config.Decode(node.Content[0], field.NewPath("ship"), s)
}

func TestDecode_accepts(t *testing.T) {
	t.Parallel()
	start := ship{
		Name: "old", Masts: 1, Crew: []string{"a", "b"}, Flags: map[string]string{"a": "1", "b": "2"},
		Boats: map[string]boat{"gig": {Oars: 6, Name: "old"}}, Wind: wind{Knots: 5},
	}
	for name, c := range map[string]struct {
		text string
		want func(*ship)
	}{
		"nothing changes nothing":           {"{}", func(*ship) {}},
		"fields are merged":                 {"name: new", func(s *ship) { s.Name = "new" }},
		"lists are replaced":                {"crew: [c]", func(s *ship) { s.Crew = []string{"c"} }},
		"an empty list is a list":           {"crew: []", func(s *ship) { s.Crew = []string{} }},
		"maps of strings are merged":        {"flags: {b: '3', c: ''}", func(s *ship) { s.Flags = map[string]string{"a": "1", "b": "3", "c": ""} }},
		"structs in maps are merged":        {"boats: {gig: {name: new}}", func(s *ship) { s.Boats["gig"] = boat{Oars: 6, Name: "new"} }},
		"new structs in maps have defaults": {"boats: {raft: {name: r}}", func(s *ship) { s.Boats["raft"] = boat{Oars: 2, Name: "r"} }},
		"new pointers have defaults":        {"pilot: {}", func(s *ship) { s.Pilot = &boat{Oars: 2} }},
		"a word replaces several forms":     {"wind: west", func(s *ship) { s.Wind = wind{Scalar: "west"} }},
		"a number is a scalar":              {"wind: 3", func(s *ship) { s.Wind = wind{Scalar: 3} }},
		"a fraction is a scalar":            {"wind: 3.5", func(s *ship) { s.Wind = wind{Scalar: 3.5} }},
		"a bool is a scalar":                {"wind: true", func(s *ship) { s.Wind = wind{Scalar: true} }},
		"a list replaces several forms":     {"wind: [n, e]", func(s *ship) { s.Wind = wind{From: []string{"n", "e"}} }},
		"a mapping replaces several forms":  {"wind: {gusts: 9}", func(s *ship) { s.Wind = wind{Gusts: 9} }},
		"an alias stands for its value":     {"pilot: &p {oars: 4}\nboats: {x: *p}", func(s *ship) { s.Pilot = &boat{Oars: 4}; s.Boats["x"] = boat{Oars: 4} }},
		"quoted numbers are strings":        {"name: '12'", func(s *ship) { s.Name = "12" }},
		"a word for yes is a string":        {"name: yes", func(s *ship) { s.Name = "yes" }},
		"quoted merge sign is a key":        {`flags: {"<<": x}`, func(s *ship) { s.Flags["<<"] = "x" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := clone(t, start), clone(t, start)
			c.want(&want)
			assert.Empty(t, decodeShip(t, c.text, &got))
			assert.Equal(t, want, got)
		})
	}
}

func clone(t *testing.T, s ship) ship {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	var c ship
	require.NoError(t, json.Unmarshal(text, &c))
	return c
}

func TestDecode_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no mapping":              {"[a]", "ship: Invalid value: must be a mapping, not a list"},
		"unknown key, near":       {"mast: 1", "ship.mast: Forbidden: unknown key; did you mean masts?"},
		"unknown key, far":        {"pilot: {sail: 1}", "ship.pilot.sail: Forbidden: unknown key; known are oars, name"},
		"field that is not shown": {"Private: x", "ship.Private: Forbidden: unknown key"},
		"repeated key":            {"name: a\nname: b", "ship.name: Duplicate value"},
		"repeated key of a map":   {"flags: {a: x, a: y}", "ship.flags.a: Duplicate value"},
		"nothing":                 {"name:", "ship.name: Required value: is empty"},
		"nothing in a map":        {"flags: {a: }", "ship.flags.a: Required value: is empty"},
		"nothing in a list":       {"crew: [a, ~]", "ship.crew[1]: Required value: is empty"},
		"nothing for a struct":    {"pilot: null", "ship.pilot: Required value: is empty"},
		"empty string":            {"name: ''", "ship.name: Required value: is an empty string"},
		"empty string in a list":  {"crew: ['']", "ship.crew[0]: Required value: is an empty string"},
		"empty string as a word":  {"wind: ''", "ship.wind: Required value: is an empty string"},
		"number for a string":     {"name: 5", "ship.name: Invalid value: must be a string, not a number: quote it"},
		"bool for a string":       {"flags: {a: true}", "ship.flags.a: Invalid value: must be a string, not true or false: quote it"},
		"fraction for a string":   {"name: 1.30", "ship.name: Invalid value: must be a string, not a number with a fraction or exponent: quote it"},
		"date for a string":       {"name: 2026-01-01", "ship.name: Invalid value: must be a string, not a date: quote it"},
		"binary for a string":     {"name: !!binary aGk=", "ship.name: Invalid value: must be a string, not of the type !!binary"},
		"list for a string":       {"name: [a]", "ship.name: Invalid value: must be a string, not a list"},
		"string for a number":     {"masts: '3'", "ship.masts: Invalid value: must be a whole number, not a string"},
		"fraction for a number":   {"masts: 3.0", "ship.masts: Invalid value: must be a whole number, not a number with"},
		"octal":                   {"masts: 017", "ship.masts: Invalid value: must be a whole number, not a number in another notation"},
		"hexadecimal":             {"masts: 0x1F", "ship.masts: Invalid value: must be a whole number, not a number in another notation"},
		"underscores":             {"masts: 1_0", "ship.masts: Invalid value: must be a whole number, not a number in another notation"},
		"overflow":                {"masts: 9223372036854775808", "ship.masts: Invalid value: is too large a number"},
		"far overflow":            {"masts: 99999999999999999999999", "ship.masts: Invalid value: "},
		"zero is not the default": {"masts: 0", "ship.masts: Invalid value: 0: must be at least 1"},
		"zero is not unset":       {"decks: 0", "ship.decks: Invalid value: 0: must be at least 1"},
		"zero in a new element":   {"boats: {a: {oars: 0}}", "ship.boats.a.oars: Invalid value: 0: must be at least 1"},
		"word for a bool":         {"afloat: yes", "ship.afloat: Invalid value: must be true or false, not a string"},
		"number for a bool":       {"afloat: 1", "ship.afloat: Invalid value: must be true or false, not a number"},
		"scalar for a list":       {"crew: a", "ship.crew: Invalid value: must be a list, not a string"},
		"word that is refused":    {"wind: nowhere", "ship.wind: Invalid value: must blow from somewhere"},
		"list of other things":    {"wind: [n, 3]", "ship.wind[1]: Invalid value: must be a string, not a number: quote it"},
		"merge key":               {"pilot: &p {oars: 4}\nboats: {x: {<<: *p}}", "ship.boats.x.<<: Invalid value: merge keys are not read"},
		"number for a key":        {"flags: {8: x}", "ship.flags.8: Invalid value: the key is a number: quote it"},
		"bool for a key":          {"flags: {true: x}", "ship.flags.true: Invalid value: the key is true or false: quote it"},
		"list for a key":          {"flags: {? [a] : x}", "ship.flags: Invalid value: has a key that is a list"},
		"empty key":               {"flags: {'': x}", "ship.flags: Invalid value: has a key that is an empty string"},
		"alias of itself":         {"fleet: &f {a: {fleet: *f, name: x}}", "levels deep: does an alias contain itself?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			errs := decodeShip(t, c.text, &ship{Masts: 3})
			require.NotEmpty(t, errs)
			assert.Contains(t, errs.ToAggregate().Error(), c.want)
		})
	}
}

func TestDecode_reportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	errs := decodeShip(t, "name: 1\nmasts: x\nboats: {a: {oars: x}, b: 1}\ncrew: [1, b, 2]\nsails: 1", &ship{})
	paths := make([]string, len(errs))
	for i, err := range errs {
		paths[i] = err.Field
	}
	assert.Equal(t, []string{
		"ship.name", "ship.masts", "ship.boats.a.oars", "ship.boats.b", "ship.crew[0]", "ship.crew[2]", "ship.sails",
	}, paths)
}

// Aliases that repeat aliases make 10^9 values of a few hundred letters.
func TestDecode_endsWhereAliasesRepeatAliases(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("fleet: {s0: {fleet: &a0 {x: {name: a}, y: {name: b}}}")
	for i := 1; i <= 9; i++ {
		fmt.Fprintf(&text, ", s%d: {fleet: &a%d {", i, i)
		for j := range 10 {
			fmt.Fprintf(&text, "r%d: {fleet: *a%d}, ", j, i-1)
		}
		text.WriteString("}}")
	}
	errs := decodeShip(t, text.String()+"}", &ship{})
	require.Len(t, errs, 1)
	assert.Contains(t, errs[0].Error(), "do aliases repeat aliases?")
}
