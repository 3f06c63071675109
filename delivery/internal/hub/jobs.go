package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/go-github/v80/github"
)

// Job is one job of a workflow run.
type Job struct {
	Name string
	// State is how it ended, such as success or failure, or what it is doing if it has not ended.
	State string
	// Took is how long it ran; zero if it has not ended or did not run.
	Took time.Duration
}

// Jobs returns the jobs of the latest attempt of a workflow run.
func (r *Repository) Jobs(ctx context.Context, run int64) ([]Job, error) {
	var all []Job
	options := &github.ListWorkflowJobsOptions{Filter: "latest", ListOptions: github.ListOptions{PerPage: aPage}}
	for {
		jobs, response, err := r.client.Actions.ListWorkflowJobs(ctx, r.owner, r.name, run, options)
		if err != nil {
			return nil, fmt.Errorf("listing the jobs of run %d: %w", run, err)
		}
		all = append(all, jobsOf(jobs)...)
		if response.NextPage == 0 {
			return all, nil
		}
		options.Page = response.NextPage
	}
}

// ReadJobs reads what the API says to "list jobs for a workflow run".
func ReadJobs(in io.Reader) ([]Job, error) {
	jobs := &github.Jobs{}
	if err := json.NewDecoder(in).Decode(jobs); err != nil {
		return nil, fmt.Errorf("reading the jobs: %w", err)
	}
	return jobsOf(jobs), nil
}

func jobsOf(list *github.Jobs) []Job {
	jobs := make([]Job, 0, len(list.Jobs))
	for _, one := range list.Jobs {
		job := Job{Name: one.GetName(), State: one.GetStatus()}
		if job.State == "completed" {
			job.State = one.GetConclusion()
		}
		if one.StartedAt != nil && one.CompletedAt != nil && job.State != "skipped" {
			job.Took = max(0, one.CompletedAt.Sub(one.StartedAt.Time))
		}
		jobs = append(jobs, job)
	}
	return jobs
}
