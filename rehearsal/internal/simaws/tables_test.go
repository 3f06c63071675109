package simaws_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

func TestTables_nameOnlyWhatThePinnedSDKHas(t *testing.T) {
	t.Parallel()
	assert.Empty(t, simaws.Misnamed())
	assert.Empty(t, simaws.Whole(), "a modelled object lists what is in it")
}

func TestTables_everyRuleNamesItsSource(t *testing.T) {
	t.Parallel()
	assert.Empty(t, simaws.Unsourced())
}

func TestAccount_outputsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	p := everything(t)
	for _, r := range p.all {
		known := simaws.Outputs(r.Type)
		for name := range r.Outputs {
			assert.Contains(t, known, string(name), r.URN)
		}
	}
}

// Every rule, reference and id that can be taken has a row in a table of refusals: as many rows of one type and code
// as there are rules.
func TestTables_everyRuleHasARow(t *testing.T) {
	t.Parallel()
	rows := map[string]int{}
	for _, table := range []map[string]refused{networkRefusals, firewallRefusals, iamRefusals, clusterRefusals, nodeRefusals, scalingRefusals, bucketRefusals} {
		for _, row := range table {
			code, _, _ := strings.Cut(row.want, ": ")
			rows[row.typ+" "+code]++
		}
	}
	rules := map[string]int{}
	for _, r := range simaws.Refusals() {
		rules[r]++
	}
	for r, n := range rules {
		if parts := strings.Fields(r); len(parts) == 3 {
			assert.Positive(t, rows[r]+rows[parts[0]+" "+parts[1]], "deleting %s, held by %s: %s", parts[0], parts[2], parts[1])
			continue
		}
		assert.GreaterOrEqual(t, rows[r], n, r)
	}
	for _, l := range simaws.Limits() {
		assert.Contains(t, limitRows(), l)
	}
}

func limitRows() []string {
	var out []string
	for _, row := range limitRefusals {
		out = append(out, row.typ+" "+row.path)
	}
	return out
}
