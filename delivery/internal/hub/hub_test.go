package hub_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/hub"
)

const marker = "<!-- slipway-preview: dev -->"

// open serves a GitHub of the given answers, by method and path.
func open(t *testing.T, answers map[string]http.HandlerFunc) *hub.Repository {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, answer := range answers {
		mux.HandleFunc(pattern, answer)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	repository, err := hub.Open(hub.Place{Repository: "shop/platform", Token: "t0ken", API: server.URL})
	require.NoError(t, err)
	return repository
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

type user struct {
	Login string `json:"login"`
}

type aComment struct {
	ID   int    `json:"id"`
	Body string `json:"body"`
	User user   `json:"user"`
	URL  string `json:"html_url"`
}

// thread is the comments of pull request 12, two a page.
type thread struct{ comments []aComment }

func (c *thread) answers() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /repos/shop/platform/issues/12/comments": func(w http.ResponseWriter, r *http.Request) {
			page := max(1, number(r.URL.Query().Get("page")))
			if page*2 < len(c.comments) {
				w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, page+1))
			}
			_ = json.NewEncoder(w).Encode(c.comments[min(page*2-2, len(c.comments)):min(page*2, len(c.comments))])
		},
		"POST /repos/shop/platform/issues/12/comments": func(w http.ResponseWriter, r *http.Request) {
			one := aComment{ID: len(c.comments) + 1, User: user{hub.ActionsBot}, URL: "https://github.com/new"}
			_ = json.NewDecoder(r.Body).Decode(&one)
			c.comments = append(c.comments, one)
			_ = json.NewEncoder(w).Encode(one)
		},
		"PATCH /repos/shop/platform/issues/comments/{id}": func(w http.ResponseWriter, r *http.Request) {
			one := &c.comments[number(r.PathValue("id"))-1]
			_ = json.NewDecoder(r.Body).Decode(one)
			_ = json.NewEncoder(w).Encode(one)
		},
	}
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func TestPutComment(t *testing.T) {
	t.Parallel()
	people := []aComment{
		{ID: 1, User: user{"alice"}, Body: "nice"},
		{ID: 2, User: user{"mallory"}, Body: marker + "\nnothing to see"},
		{ID: 3, User: user{hub.ActionsBot}, Body: "<!-- slipway-preview: prod -->\nprod"},
		{ID: 4, User: user{hub.ActionsBot}, Body: "See " + marker + "\n"},
	}
	ours := aComment{ID: 5, User: user{hub.ActionsBot}, Body: marker + "\nold"}
	for name, tt := range map[string]struct {
		before []aComment
		at     int
	}{
		"is written where there is none":            {nil, 0},
		"is written beside what others wrote":       {people, 4},
		"takes the place of the last run's":         {append(people[:4:4], ours), 4},
		"also where the web put another line's end": {[]aComment{{ID: 1, User: user{hub.ActionsBot}, Body: marker + "\r\nold"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := &thread{comments: append([]aComment{}, tt.before...)}
			repository := open(t, world.answers())
			for _, text := range []string{"first", "second"} {
				_, err := repository.PutComment(t.Context(), 12, hub.Comment{Marker: marker, Author: hub.ActionsBot, Body: marker + "\n" + text})
				require.NoError(t, err)
			}
			require.Len(t, world.comments, tt.at+1)
			assert.Equal(t, marker+"\nsecond", world.comments[tt.at].Body)
			for i, one := range tt.before[:min(tt.at, len(tt.before))] {
				assert.Equal(t, one, world.comments[i])
			}
		})
	}
}

func TestPutComment_saysWhatGitHubRefused(t *testing.T) {
	t.Parallel()
	repository := open(t, map[string]http.HandlerFunc{
		"GET /repos/shop/platform/issues/12/comments": says("[]"),
		"POST /repos/shop/platform/issues/12/comments": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"message": "Resource not accessible by integration"}`)
		},
	})
	_, err := repository.PutComment(t.Context(), 12, hub.Comment{Marker: marker, Body: marker})
	require.ErrorContains(t, err, "Resource not accessible by integration")
	assert.NotContains(t, err.Error(), "t0ken")
}

const pullRequest = `{"number": 12, "title": "[minor] chat", "html_url": "https://github.com/shop/platform/pull/12",
	"user": {"login": "bob"}, "merged_by": {"login": "alice", "html_url": "https://github.com/alice"}}`

func TestPullRequestOf(t *testing.T) {
	t.Parallel()
	merged := hub.PullRequest{
		Number: 12, Title: "[minor] chat", URL: "https://github.com/shop/platform/pull/12",
		Author: "bob", MergedBy: "alice", MergedByURL: "https://github.com/alice",
	}
	const at = `"merged_at": "2026-01-02T03:04:05Z"`
	for name, tt := range map[string]struct {
		list string
		want hub.PullRequest
	}{
		"the one whose merge made it": {
			`[{"number": 9, ` + at + `, "merge_commit_sha": "other"}, {"number": 12, ` + at + `, "merge_commit_sha": "c0ffee"}]`, merged,
		},
		"one that was merged with it": {`[{"number": 8}, {"number": 12, ` + at + `, "merge_commit_sha": "other"}]`, merged},
		"none: the commit's own words": {
			`[{"number": 8, "merge_commit_sha": "c0ffee"}]`,
			hub.PullRequest{
				Title: "mend the chat", URL: "https://github.com/shop/platform/commit/c0ffee",
				Author: "carol", MergedBy: "carol", MergedByURL: "https://github.com/carol",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := open(t, map[string]http.HandlerFunc{
				"GET /repos/shop/platform/commits/c0ffee/pulls": says(tt.list),
				"GET /repos/shop/platform/pulls/12":             says(pullRequest),
				"GET /repos/shop/platform/commits/c0ffee": says(`{"commit": {"message": "mend the chat\n\nbecause"},
					"html_url": "https://github.com/shop/platform/commit/c0ffee",
					"author": {"login": "carol", "html_url": "https://github.com/carol"}, "committer": {"login": "web-flow"}}`),
			})
			got, err := repository.PullRequestOf(t.Context(), "c0ffee")
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestJobs_ofAllPagesOfTheLatestAttempt(t *testing.T) {
	t.Parallel()
	repository := open(t, map[string]http.HandlerFunc{
		"GET /repos/shop/platform/actions/runs/7/jobs": func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "latest", r.URL.Query().Get("filter"))
			if r.URL.Query().Get("page") == "" {
				w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=2>; rel="next"`, r.Host, r.URL.Path))
				fmt.Fprint(w, `{"jobs": [{"name": "images"}]}`)
				return
			}
			fmt.Fprint(w, `{"jobs": [{"name": "up-dev"}]}`)
		},
	})
	jobs, err := repository.Jobs(t.Context(), 7)
	require.NoError(t, err)
	assert.Equal(t, []hub.Job{{Name: "images"}, {Name: "up-dev"}}, jobs)
}

func TestReadJobs(t *testing.T) {
	t.Parallel()
	const begun = `"started_at": "2026-01-02T03:00:00Z"`
	jobs, err := hub.ReadJobs(strings.NewReader(`{"total_count": 4, "jobs": [
		{"name": "images", "status": "completed", "conclusion": "success", ` + begun + `, "completed_at": "2026-01-02T03:01:23Z"},
		{"name": "up-dev", "status": "completed", "conclusion": "failure", ` + begun + `, "completed_at": "2026-01-02T03:04:00Z"},
		{"name": "up-prod", "status": "completed", "conclusion": "skipped", ` + begun + `, "completed_at": "2026-01-02T03:00:01Z"},
		{"name": "notify", "status": "in_progress", ` + begun + `}]}`))
	require.NoError(t, err)
	assert.Equal(t, []hub.Job{
		{Name: "images", State: "success", Took: 83 * time.Second},
		{Name: "up-dev", State: "failure", Took: 4 * time.Minute},
		{Name: "up-prod", State: "skipped"},
		{Name: "notify", State: "in_progress"},
	}, jobs)
	_, err = hub.ReadJobs(strings.NewReader("not found"))
	assert.ErrorContains(t, err, "reading the jobs")
}

func TestOpen_rejects(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]hub.Place{
		"no owner":      {Repository: "platform"},
		"no name":       {Repository: "shop/"},
		"three parts":   {Repository: "a/b/c"},
		"no repository": {},
		"no address":    {Repository: "a/b", API: "not an address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := hub.Open(place)
			assert.ErrorContains(t, err, "want")
		})
	}
}
