package required_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/required"
)

func TestFields_namesWhatIsMissing(t *testing.T) {
	t.Parallel()
	errs := required.Fields(map[string]bool{"vpcId": false, "region": true, "issuer": false})
	require.Len(t, errs, 2)
	assert.Equal(t, "issuer: Required value", errs[0].Error())
	assert.Equal(t, "vpcId: Required value", errs[1].Error())
}
