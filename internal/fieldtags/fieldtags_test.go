package fieldtags_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// sample has a field for each rule.
type sample struct {
	Word     string            `json:"word" jsonschema:"enum=red,enum=blue,default=red"`
	Count    int               `json:"count,omitempty" jsonschema:"default=3,minimum=1,maximum=9"`
	Optional int               `json:"optional,omitempty" jsonschema:"minimum=1"`
	Low      int               `json:"low,omitempty" jsonschema:"minimum=-5"`
	High     int               `json:"high,omitempty" jsonschema:"maximum=5"`
	Choice   int               `json:"choice,omitempty" jsonschema:"enum=2,enum=4"`
	Required int               `json:"required" jsonschema:"minimum=1"`
	Pattern  string            `json:"pattern,omitempty" jsonschema:"pattern=^[a-z]{1\\,3}$"`
	Short    string            `json:"short,omitempty" jsonschema:"maxLength=3"`
	Items    []string          `json:"items,omitempty" jsonschema:"minItems=2,maxItems=3,uniqueItems=true,pattern=^[a-z]$"`
	Must     []string          `json:"must"`
	Inner    inner             `json:"inner,omitempty"`
	Pointer  *inner            `json:"pointer,omitempty"`
	List     []inner           `json:"list,omitempty"`
	Map      map[string]inner  `json:"map,omitempty"`
	Texts    map[string]string `json:"texts,omitempty"`
	Hidden   string            `json:"-"`
	private  string            //nolint:unused // must be left alone
}

type inner struct {
	Size int    `json:"size,omitempty" jsonschema:"default=2,minimum=1"`
	Name string `json:"name"`
}

// good is a sample without problems.
func good() sample {
	s := sample{Required: 1, Must: []string{"x"}}
	fieldtags.Default(&s)
	s.Inner.Name = "n"
	return s
}

func TestDefault(t *testing.T) {
	t.Parallel()
	s := sample{Pointer: &inner{}, List: []inner{{}, {Size: 9}}, Map: map[string]inner{"a": {}, "b": {Size: 9}}}
	fieldtags.Default(&s)
	assert.Equal(t, sample{
		Word: "red", Count: 3, Inner: inner{Size: 2}, Pointer: &inner{Size: 2},
		List: []inner{{Size: 2}, {Size: 9}}, Map: map[string]inner{"a": {Size: 2}, "b": {Size: 9}},
	}, s)
	fieldtags.Default((*sample)(nil)) // nothing to do, and no panic
}

func TestDefault_keepsWhatIsSet(t *testing.T) {
	t.Parallel()
	s := sample{Word: "blue", Count: 7, Inner: inner{Size: 5}}
	want := s
	fieldtags.Default(&s)
	assert.Equal(t, want, s)
}

func TestDefault_panicsOnATagThatDoesNotFit(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() {
		fieldtags.Default(&struct {
			N int `jsonschema:"default=three"`
		}{})
	})
	assert.Panics(t, func() {
		fieldtags.Default(&struct {
			B bool `jsonschema:"default=true"`
		}{})
	})
}

func TestCheck_accepts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sample){
		"defaults":         func(*sample) {},
		"both ends":        func(s *sample) { s.Count = 9; s.Required = 1; s.Low = -5; s.High = 5 },
		"longest":          func(s *sample) { s.Short, s.Pattern = "abc", "abc" },
		"fewest items":     func(s *sample) { s.Items = []string{"a", "b"} },
		"no items at all":  func(s *sample) { s.Items = []string{} },
		"texts are free":   func(s *sample) { s.Texts = map[string]string{"a": ""} },
		"hidden is hidden": func(s *sample) { s.Hidden = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := good()
			change(&s)
			assert.Empty(t, fieldtags.Check(nil, &s))
		})
	}
}

func TestCheck_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*sample)
		want   string
	}{
		"word not in the list":    {func(s *sample) { s.Word = "green" }, `at.word: Unsupported value: "green"`},
		"required word":           {func(s *sample) { s.Word = "" }, "at.word: Required value"},
		"below the range":         {func(s *sample) { s.Count = -1 }, "at.count: Invalid value: -1: must be from 1 to 9"},
		"zero in place of three":  {func(s *sample) { s.Count = 0 }, "at.count: Invalid value: 0: must be from 1 to 9"},
		"above the range":         {func(s *sample) { s.Count = 10 }, "at.count: Invalid value: 10: must be from 1 to 9"},
		"below the least":         {func(s *sample) { s.Low = -6 }, "at.low: Invalid value: -6: must be at least -5"},
		"above the most":          {func(s *sample) { s.High = 6 }, "at.high: Invalid value: 6: must be at most 5"},
		"number not in the list":  {func(s *sample) { s.Choice = 3 }, "at.choice: Unsupported value: 3"},
		"required number":         {func(s *sample) { s.Required = 0 }, "at.required: Invalid value: 0: must be at least 1"},
		"pattern with a comma":    {func(s *sample) { s.Pattern = "abcd" }, `at.pattern: Invalid value: "abcd": must match ^[a-z]{1,3}$`},
		"too long":                {func(s *sample) { s.Short = "abcd" }, "at.short: Too long"},
		"too few items":           {func(s *sample) { s.Items = []string{"a"} }, "at.items: Invalid value: 1: must have at least 2 items"},
		"too many items":          {func(s *sample) { s.Items = []string{"a", "b", "c", "d"} }, "at.items: Too many: 4"},
		"item twice":              {func(s *sample) { s.Items = []string{"a", "b", "a"} }, `at.items[2]: Duplicate value: "a"`},
		"item that does not fit":  {func(s *sample) { s.Items = []string{"a", "B"} }, `at.items[1]: Invalid value: "B"`},
		"required list, nil":      {func(s *sample) { s.Must = nil }, "at.must: Required value"},
		"required list, empty":    {func(s *sample) { s.Must = []string{} }, "at.must: Required value"},
		"inside a struct":         {func(s *sample) { s.Inner.Size = -1 }, "at.inner.size: Invalid value"},
		"inside a pointer":        {func(s *sample) { s.Pointer = &inner{Size: 1} }, "at.pointer.name: Required value"},
		"inside a list":           {func(s *sample) { s.List = []inner{{1, "a"}, {-1, "b"}} }, "at.list[1].size: Invalid value"},
		"inside a map":            {func(s *sample) { s.Map = map[string]inner{"k": {-1, "b"}} }, "at.map.k.size: Invalid value"},
		"in a map, in that order": {func(s *sample) { s.Map = map[string]inner{"b": {-1, "x"}, "a": {-1, "x"}} }, "at.map.b.size"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := good()
			c.change(&s)
			errs := fieldtags.Check(field.NewPath("at"), &s)
			require.NotEmpty(t, errs)
			last := errs[len(errs)-1].Error()
			assert.True(t, strings.HasPrefix(last, c.want), last)
		})
	}
}

func TestCheckField_judgesZero(t *testing.T) {
	t.Parallel()
	s := good()
	require.Empty(t, fieldtags.Check(nil, &s), "a 0 is taken for a field that is not set")
	sf, _ := reflect.TypeFor[sample]().FieldByName("Optional")
	errs := fieldtags.CheckField(field.NewPath("at"), reflect.ValueOf(s.Optional), sf)
	require.Len(t, errs, 1)
	assert.Equal(t, "at: Invalid value: 0: must be at least 1", errs[0].Error())
}

func TestCheck_panicsOnALimitThatIsNoNumber(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() {
		fieldtags.Check(nil, struct {
			N int `json:"n" jsonschema:"minimum=one"`
		}{N: 1})
	})
}

func TestName(t *testing.T) {
	t.Parallel()
	for fieldName, want := range map[string]struct {
		name     string
		optional bool
	}{
		"Word": {"word", false}, "Count": {"count", true}, "Hidden": {"", true}, "private": {"", true},
	} {
		sf, _ := reflect.TypeFor[sample]().FieldByName(fieldName)
		name, optional := fieldtags.Name(sf)
		assert.Equal(t, want.name, name)
		assert.Equal(t, want.optional, optional)
	}
}
