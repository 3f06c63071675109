package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/slack"
)

const webhook = "https://hooks.slack.com/services/T000/B000/s3cr3t"

// to sends every request to a server, whatever host it names.
type to struct{ server string }

func (d to) RoundTrip(r *http.Request) (*http.Response, error) {
	target, err := url.Parse(d.server)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = target.Scheme, target.Host
	return http.DefaultTransport.RoundTrip(r)
}

// world is a Slack that answers in turn, and a sender whose waits take no time.
type world struct {
	sender slack.Sender
	bodies []string
	waits  []time.Duration
}

func newWorld(t *testing.T, answers ...http.HandlerFunc) *world {
	t.Helper()
	w := &world{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "/services/T000/B000/s3cr3t", r.URL.Path)
		w.bodies = append(w.bodies, string(body))
		answers[min(len(w.bodies), len(answers))-1](rw, r)
	}))
	t.Cleanup(server.Close)
	w.sender = slack.Sender{Transport: to{server.URL}, Wait: func(_ context.Context, d time.Duration) error {
		w.waits = append(w.waits, d)
		return nil
	}}
	return w
}

func says(status int, headers ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			rw.Header().Set(headers[i], headers[i+1])
		}
		rw.WriteHeader(status)
	}
}

func TestS17_aBusySlackIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, says(503), says(429, "Retry-After", "7"), says(429), says(200))
	require.NoError(t, w.sender.Send(t.Context(), webhook, slack.Write(report())))
	require.Len(t, w.bodies, 4)
	assert.Equal(t, []time.Duration{time.Second, 7 * time.Second, 4 * time.Second}, w.waits)
	var sent struct{ Text string }
	require.NoError(t, json.Unmarshal([]byte(w.bodies[3]), &sent))
	assert.Equal(t, "slipway dev, prod 5.4.0-5e15f0a: failed", sent.Text)
}

func TestSend_givesUp(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer http.HandlerFunc
		tries  int
		says   string
	}{
		"at once where the webhook is gone": {says(404), 1, "404"},
		"at once where it sends elsewhere":  {says(302, "Location", "https://example.com/s3cr3t"), 1, "302"},
		"after five attempts":               {says(500), 5, "500"},
		"where there is no time to wait":    {says(429, "Retry-After", "3600"), 1, "no time to wait 1h0m0s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.answer)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := w.sender.Send(ctx, webhook, slack.Write(report()))
			require.ErrorContains(t, err, tt.says)
			assert.Len(t, w.bodies, tt.tries)
			assert.NotContains(t, err.Error(), "s3cr3t")
		})
	}
}

func TestS17_theWebhookIsNeverInAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, says(200))
	w.sender.Transport = broken{}
	err := w.sender.Send(t.Context(), webhook, slack.Write(report()))
	require.ErrorContains(t, err, "no such host")
	assert.NotContains(t, err.Error(), "s3cr3t")
	assert.Len(t, w.waits, 4, "the network is tried again")
}

// broken is a network without a name server.
type broken struct{}

func (broken) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.New("lookup " + r.URL.Host + " for " + r.URL.String() + ": no such host")
}

func TestCheckWebhook(t *testing.T) {
	t.Parallel()
	assert.NoError(t, slack.CheckWebhook(webhook))
	assert.NoError(t, slack.CheckWebhook("https://hooks.slack-gov.com/services/a/b/c"))
	for name, address := range map[string]string{
		"no TLS":         "http://hooks.slack.com/services/T/B/s3cr3t",
		"another host":   "https://hooks.slack.com.example.com/services/T/B/s3cr3t",
		"a user in it":   "https://hooks.slack.com@example.com/services/s3cr3t",
		"a password":     "https://a:b@hooks.slack.com/services/s3cr3t",
		"another port":   "https://hooks.slack.com:8443/services/s3cr3t",
		"no path":        "https://hooks.slack.com/",
		"no address":     "s3cr3t",
		"a broken one":   "https://hooks.slack.com/%zz/s3cr3t",
		"nothing at all": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := slack.CheckWebhook(address)
			require.ErrorContains(t, err, "no address of Slack")
			assert.NotContains(t, err.Error(), "s3cr3t")
		})
	}
}
