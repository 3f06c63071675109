package simprovider

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Record is one live thing.
type Record struct {
	// Type is the type token, ID what the provider identifies the thing by within its type and region.
	Type, ID string
	// Region is empty for what exists once an account or cluster.
	Region string
	// URN is the resource that made it; empty for what the cloud made by itself.
	URN string
	// Owner is the key of the record with which the cloud removes this one.
	Owner string
	// Live holds all properties, inputs and outputs, with secrets sealed.
	Live resource.PropertyMap
}

// Key identifies a record in its store.
func (r Record) Key() string { return r.Region + "|" + r.Type + "|" + r.ID }

// Store keeps the records of one provider in memory and, if it has a file, there too. It holds no secret in clear.
type Store struct {
	file string
	salt []byte

	mu      sync.Mutex
	records map[string]Record
	// births counts what each URN has made, so that a replacement gets another id than its predecessor.
	births map[string]int
}

// document is the form of the file.
type document struct {
	Salt    string         `json:"salt"`
	Births  map[string]int `json:"births"`
	Records []entry        `json:"records"`
}

type entry struct {
	Type       string         `json:"type"`
	ID         string         `json:"id"`
	Region     string         `json:"region,omitempty"`
	URN        string         `json:"urn,omitempty"`
	Owner      string         `json:"owner,omitempty"`
	Properties map[string]any `json:"properties"`
}

// OpenStore loads the file, or starts empty if there is none. Without a file name nothing is ever written.
func OpenStore(file string) (*Store, error) {
	s := &Store{file: file, records: map[string]Record{}, births: map[string]int{}, salt: make([]byte, 16)}
	if _, err := rand.Read(s.salt); err != nil {
		return nil, fmt.Errorf("making a salt: %w", err)
	}
	if file == "" {
		return s, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	var doc document
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("reading the store %q: %w", file, err)
	}
	if s.salt, err = hex.DecodeString(doc.Salt); err != nil {
		return nil, fmt.Errorf("reading the store %q: salt: %w", file, err)
	}
	maps.Copy(s.births, doc.Births)
	for _, e := range doc.Records {
		r := Record{Type: e.Type, ID: e.ID, Region: e.Region, URN: e.URN, Owner: e.Owner}
		r.Live = resource.NewPropertyMapFromMap(e.Properties)
		s.records[r.Key()] = r
	}
	return s, nil
}

// Do runs one operation on the records. If it fails, or cannot be written, nothing has changed.
func (s *Store) Do(op func(tx *Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	records, births := maps.Clone(s.records), maps.Clone(s.births)
	tx := &Tx{store: s}
	err := op(tx)
	if err == nil && tx.changed {
		err = s.write()
	}
	if err != nil {
		s.records, s.births = records, births
	}
	return err
}

// All returns the records in the order of their keys.
func (s *Store) All() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sorted()
}

func (s *Store) sorted() []Record {
	out := make([]Record, 0, len(s.records))
	for _, r := range s.records {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Record) int { return strings.Compare(a.Key(), b.Key()) })
	return out
}

// write replaces the file in one step, so that a run that is cut short leaves the old or the new one.
func (s *Store) write() error {
	if s.file == "" {
		return nil
	}
	doc := document{Salt: hex.EncodeToString(s.salt), Births: s.births}
	for _, r := range s.sorted() {
		doc.Records = append(doc.Records, entry{
			Type: r.Type, ID: r.ID, Region: r.Region, URN: r.URN, Owner: r.Owner, Properties: r.Live.Mappable(),
		})
	}
	data, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return fmt.Errorf("writing the store: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(s.file), 0o700); err != nil {
		return fmt.Errorf("writing the store: %w", err)
	}
	tmp := s.file + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("writing the store: %w", err)
	}
	if err := os.Rename(tmp, s.file); err != nil {
		return fmt.Errorf("writing the store: %w", err)
	}
	return nil
}

// Tx gives one operation sole access to the records.
type Tx struct {
	store   *Store
	changed bool
}

// Get returns the record with a key.
func (t *Tx) Get(key string) (Record, bool) {
	r, ok := t.store.records[key]
	return r, ok
}

// Put stores a record and seals its secrets.
func (t *Tx) Put(r Record) {
	r.Live = t.store.seal(r.Live)
	t.store.records[r.Key()] = r
	t.changed = true
}

// Remove removes a record and those it owns.
func (t *Tx) Remove(key string) {
	delete(t.store.records, key)
	t.changed = true
	for _, r := range t.store.sorted() {
		if r.Owner == key {
			t.Remove(r.Key())
		}
	}
}

// All returns the records in the order of their keys.
func (t *Tx) All() []Record { return t.store.sorted() }

// Birth returns how often the URN has made something before, and counts this time.
func (t *Tx) Birth(urn string) int {
	n := t.store.births[urn]
	t.store.births[urn] = n + 1
	t.changed = true
	return n
}

// Open returns live properties with their secrets, as far as one of the sources has them.
func (t *Tx) Open(live resource.PropertyMap, sources ...resource.PropertyMap) resource.PropertyMap {
	return t.store.open(live, sources)
}
