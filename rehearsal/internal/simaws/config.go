package simaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// settings lists the provider settings that the rehearsal understands. The engine sends lists and objects as JSON
// text. Settings that only concern the way to AWS are accepted and have no effect.
var settings = []string{
	"region", "defaultTags", "allowedAccountIds", "forbiddenAccountIds", "version",
	"skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId",
	"maxRetries", "retryMode",
}

// CheckConfig returns everything that is wrong with a provider's settings.
func (a *Account) CheckConfig(_ string, config resource.PropertyMap) []string {
	var problems []string
	for k := range config {
		if !slices.Contains(settings, string(k)) && !resource.IsInternalPropertyKey(k) {
			problems = append(problems, fmt.Sprintf("aws provider: setting %q is not known to the rehearsal", k))
		}
	}
	slices.Sort(problems)
	if len(problems) > 0 {
		return problems
	}
	if v, ok := config["region"]; ok && simprovider.IsUnknown(v) {
		return nil
	}
	if _, err := a.configured(config); err != nil {
		problems = append(problems, "aws provider: "+err.Error())
	}
	return problems
}

// ReplacesConfig says that another region means other resources.
func (a *Account) ReplacesConfig(olds, news resource.PropertyMap) []string {
	if !olds["region"].DeepEquals(news["region"]) {
		return []string{"region"}
	}
	return nil
}

// Configure makes a provider for one region.
func (a *Account) Configure(config resource.PropertyMap) (simprovider.Provider, error) {
	if problems := a.CheckConfig("", config); len(problems) > 0 {
		var errs []error
		for _, p := range problems {
			errs = append(errs, errors.New(p))
		}
		return nil, errors.Join(errs...)
	}
	return a.configured(config)
}

func (a *Account) configured(config resource.PropertyMap) (*provider, error) {
	config, _ = knownConfig(config)
	p := &provider{Account: a}
	name := ""
	if v := simprovider.Bare(config["region"]); v.IsString() {
		name = v.StringValue()
	}
	if name == "" {
		return nil, errors.New(`setting "region" is required`)
	}
	var ok bool
	if p.region, ok = regions[name]; !ok {
		return nil, fmt.Errorf("region %q is not known to the rehearsal, which has no zones for it", name)
	}
	var tags struct {
		Tags map[string]any `json:"tags"`
	}
	if err := decode(config["defaultTags"], &tags); err != nil {
		return nil, fmt.Errorf(`setting "defaultTags": %w`, err)
	}
	p.defaultTags = properties(tags.Tags)
	return p, a.permitted(config)
}

func knownConfig(config resource.PropertyMap) (resource.PropertyMap, bool) {
	v, cut := simprovider.Known(resource.NewProperty(config))
	return v.ObjectValue(), cut
}

// permitted checks the account against the lists that protect a program from running in the wrong one.
func (a *Account) permitted(config resource.PropertyMap) error {
	var allowed, forbidden []string
	if err := decode(config["allowedAccountIds"], &allowed); err != nil {
		return fmt.Errorf(`setting "allowedAccountIds": %w`, err)
	}
	if err := decode(config["forbiddenAccountIds"], &forbidden); err != nil {
		return fmt.Errorf(`setting "forbiddenAccountIds": %w`, err)
	}
	id := a.options.AccountID
	if len(allowed) > 0 && !slices.Contains(allowed, id) || slices.Contains(forbidden, id) {
		return fmt.Errorf("AWS account ID not allowed: %s", id)
	}
	return nil
}

// decode reads a setting that is an object or list, or its JSON text. A setting that is absent changes nothing.
func decode(v resource.PropertyValue, into any) error {
	v = simprovider.Reveal(v)
	if v.IsNull() {
		return nil
	}
	text := ""
	if v.IsString() {
		text = v.StringValue()
	} else {
		text = encode(v.Mappable())
	}
	return json.Unmarshal([]byte(text), into)
}
