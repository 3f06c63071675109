package config

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// regionKey is the key that the AWS provider reads its region from.
const regionKey = "aws:region"

// RegionPattern is the form of the name of an AWS region, in any partition.
const RegionPattern = `^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`

var region = regexp.MustCompile(RegionPattern)

// servicesSection is both the catalogue's path and the section with its overrides.
const servicesSection = "services"

// loader puts a configuration together and collects what is wrong with it.
type loader struct {
	source    Source
	now       time.Time
	config    Config
	overrides *yaml.Node // the stack's services section
	problems  Problems
	noCatalog bool // the catalogue could not be read: what needs its services says nothing then
}

func (l *loader) report(file, path, message string) {
	l.problems = append(l.problems, Problem{File: file, Path: path, Message: message})
}

func (l *loader) note(text string) { l.config.Notes = append(l.config.Notes, text) }

// result returns the configuration, or everything that is wrong with it.
func (l *loader) result() (*Config, error) {
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return &l.config, nil
}

// load decodes the catalogue and over it the stack's sections, and validates the platform that they make. value
// returns the value of a key, or nil.
func (l *loader) load(value func(key string) *yaml.Node) {
	value = l.withShared(value)
	p := &l.config.Platform
	p.Default()
	l.loadCatalog(p)
	l.loadSections(p, value)
	l.loadRegion(value(regionKey))
	p.Cluster.Name = cmp.Or(p.Cluster.Name, l.source.Project+"-"+l.source.Stack)
	errs := p.Validate(l.now)
	errs = append(errs, l.validateZones(&p.Network)...)
	errs = append(errs, validateSecretKeys(p)...)
	decoded := l.problems
	for _, err := range errs {
		follows := l.noCatalog && strings.HasPrefix(err.Field, "release.services")
		if !follows && !decoded.cover(err.Field) {
			l.report(l.fileOf(err.Field), err.Field, err.ErrorBody())
		}
	}
	l.loadSecrets(p)
}

func (l *loader) loadCatalog(p *spec.Platform) {
	root, err := readYAML(l.source.Root, CatalogFile)
	if err != nil {
		l.report(CatalogFile, servicesSection, err.Error())
		l.noCatalog = true
		return
	}
	errs := Decode(root, field.NewPath(servicesSection), &p.Services)
	l.problems = append(l.problems, problemsOf(CatalogFile, errs)...)
}

// loadSections decodes the stack's sections as one mapping.
func (l *loader) loadSections(p *spec.Platform, value func(key string) *yaml.Node) {
	stack := &yaml.Node{Kind: yaml.MappingNode}
	for _, section := range slices.Sorted(maps.Keys(sections())) {
		node := value(Namespace + ":" + section)
		if node == nil || section == BootstrapSection || l.noCatalog && section == servicesSection {
			continue
		}
		if section == servicesSection {
			node = l.knownServices(p, target(node))
			l.overrides = node
		}
		name := &yaml.Node{Kind: yaml.ScalarNode, Tag: tagString, Value: section}
		stack.Content = append(stack.Content, name, node)
	}
	l.problems = append(l.problems, problemsOf(l.source.stackFile(), Decode(stack, nil, p))...)
}

// knownServices leaves out, and reports, overrides of services that are not in the catalogue.
func (l *loader) knownServices(p *spec.Platform, node *yaml.Node) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return node
	}
	known := &yaml.Node{Kind: yaml.MappingNode, Tag: node.Tag}
	names := slices.Sorted(maps.Keys(p.Services))
	at := field.NewPath(servicesSection)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := target(node.Content[i])
		if _, ok := p.Services[key.Value]; ok || key.ShortTag() != tagString {
			known.Content = append(known.Content, node.Content[i:i+2]...)
			continue
		}
		err := unknownKey(at.Child(key.Value), key.Value, names)
		err.Detail = "no such service in " + CatalogFile + ": " + err.Detail
		l.problems = append(l.problems, problemsOf(l.source.stackFile(), field.ErrorList{err})...)
	}
	return known
}

func (l *loader) loadRegion(node *yaml.Node) {
	file := l.source.stackFile()
	if node == nil {
		l.report(file, regionKey, "Required value: the region that everything is made in")
		return
	}
	errs := Decode(node, field.NewPath(regionKey), &l.config.Region)
	if len(errs) == 0 && !region.MatchString(l.config.Region) {
		errs = append(errs, field.Invalid(field.NewPath(regionKey), l.config.Region, "must be a region such as eu-west-1"))
	}
	l.problems = append(l.problems, problemsOf(file, errs)...)
}

// validateZones refuses zones outside of the region.
func (l *loader) validateZones(n *spec.Network) field.ErrorList {
	if !region.MatchString(l.config.Region) {
		return nil // already reported
	}
	var errs field.ErrorList
	check := func(at *field.Path, zone string) {
		if letter, ok := strings.CutPrefix(zone, l.config.Region); !ok || len(letter) != 1 {
			errs = append(errs, field.Invalid(at, zone, "is not a zone of "+regionKey+", "+l.config.Region))
		}
	}
	at := field.NewPath("network")
	for i, zone := range n.Zones.Names {
		check(at.Child("zones").Index(i), zone)
	}
	for _, zone := range slices.Sorted(maps.Keys(n.ElasticIPs)) {
		check(at.Child("elasticIps", zone), zone)
	}
	return errs
}

// fileOf returns the file to change for a problem at path: the stack's, unless the catalogue alone has the value. Where
// the rule is about several fields of a part, such as resources, and the stack overrides that part, it is the stack's.
func (l *loader) fileOf(path string) string {
	words := strings.SplitN(path, ".", 4)
	if words[0] != servicesSection {
		return l.source.stackFile()
	}
	node := l.overrides
	for _, word := range words[1:min(len(words), 3)] {
		name, _, _ := strings.Cut(word, "[")
		node = child(node, name)
	}
	if node == nil || len(words) < 3 {
		return CatalogFile
	}
	return l.source.stackFile()
}

// child returns the value of a key in a mapping, or nil.
func child(node *yaml.Node, key string) *yaml.Node {
	if node == nil || target(node).Kind != yaml.MappingNode {
		return nil
	}
	content := target(node).Content
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value == key {
			return content[i+1]
		}
	}
	return nil
}
