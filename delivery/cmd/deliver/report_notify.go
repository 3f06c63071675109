package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/delivery/internal/hub"
	"github.com/slipway-eks/slipway/delivery/internal/slack"
)

// notifyTimeout bounds all attempts to send one message.
const notifyTimeout = time.Minute

// notifyOptions are the flags of notify.
type notifyOptions struct {
	report         slack.Report
	pullRequest    string
	jobs, repo     string
	run            int64
	job, leaveOut  []string
	dryRun, strict bool
	timeout        time.Duration
}

func (r reporter) notifyCommand() *cobra.Command {
	o := &notifyOptions{}
	cmd := &cobra.Command{
		Use:   "notify --stack STACK --version VERSION",
		Short: "tell Slack what was deployed, by whom, how long each job took and how it ended",
		Long: `Sends one message to the incoming webhook in SLACK_WEBHOOK_URL. A message that could not be sent is a warning:
it never fails a deployment, unless --strict asks for that. What is told of the pull request is the JSON of deliver
pull-request, or --title, --url, --merged-by and --merged-by-url. The jobs are asked of GitHub (--repo, --run), read from
its answer (--jobs), or given one by one (--job).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := r.notify(cmd, o)
			if err == nil || o.strict {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "warning: Slack was not told: %v\n", err)
			return nil
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *notifyOptions) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.report.Project, "project", "slipway", "name of the project")
	flags.StringSliceVar(&o.report.Stacks, "stack", nil, "the stacks that were deployed")
	flags.StringVar(&o.report.Version, "version", "", "the version that was deployed")
	flags.StringVar(&o.pullRequest, "pull-request", "", "what deliver pull-request printed")
	flags.StringVar(&o.report.Title, "title", "", "title of the pull request")
	flags.StringVar(&o.report.URL, "url", "", "page of the pull request")
	flags.StringVar(&o.report.MergedBy, "merged-by", "", "who merged it")
	flags.StringVar(&o.report.MergedByURL, "merged-by-url", "", "page of the profile of who merged it")
	flags.StringVar(&o.report.RunURL, "run-url", "", "page of the run")
	flags.StringVar(&o.jobs, "jobs", "", "file with GitHub's answer to \"list jobs for a workflow run\"")
	flags.StringVar(&o.repo, "repo", "", "repository, owner/name, whose run is asked for its jobs")
	flags.Int64Var(&o.run, "run", 0, "number of the workflow run")
	flags.StringArrayVar(&o.job, "job", nil, "a job as NAME:STATE:SECONDS, such as images:success:83")
	flags.StringSliceVar(&o.leaveOut, "leave-out", nil, "jobs that are not told, by name or by their caller's")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print the message, send nothing")
	flags.BoolVar(&o.strict, "strict", false, "fail where the message was not sent")
	flags.DurationVar(&o.timeout, "timeout", notifyTimeout, "how long it may take")
	cmd.MarkFlagsRequiredTogether("repo", "run")
}

// notify sends the message. What is not known is left out of it, and is an error all the same.
func (r reporter) notify(cmd *cobra.Command, o *notifyOptions) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), o.timeout)
	defer cancel()
	report, unknown := r.reportOf(ctx, o)
	message := slack.Write(report)
	if o.dryRun {
		text, err := json.MarshalIndent(message, "", "  ")
		if err != nil {
			return errors.Join(unknown, fmt.Errorf("writing the message: %w", err))
		}
		fmt.Fprintln(cmd.OutOrStdout(), string(text))
		return unknown
	}
	webhook := strings.TrimSpace(r.variable(webhookVariable))
	if webhook == "" {
		return errors.Join(unknown, errors.New(webhookVariable+" is not set"))
	}
	return errors.Join(unknown, slack.Sender{Transport: r.transport}.Send(ctx, webhook, message))
}

// reportOf collects what is told.
func (r reporter) reportOf(ctx context.Context, o *notifyOptions) (slack.Report, error) {
	report := o.report
	var errs []error
	if o.pullRequest != "" {
		var found hub.PullRequest
		if err := json.Unmarshal([]byte(o.pullRequest), &found); err != nil {
			errs = append(errs, fmt.Errorf("reading --pull-request: %w", err))
		}
		report.Number = found.Number
		report.Title, report.URL = cmp.Or(report.Title, found.Title), cmp.Or(report.URL, found.URL)
		report.MergedBy = cmp.Or(report.MergedBy, found.MergedBy)
		report.MergedByURL = cmp.Or(report.MergedByURL, found.MergedByURL)
	}
	jobs, err := r.jobsOf(ctx, o)
	for _, job := range jobs {
		// A job of a workflow that another one called has the caller's job in front: "prod / up".
		if !slices.ContainsFunc(strings.Split(job.Name, " / "), func(part string) bool { return slices.Contains(o.leaveOut, part) }) {
			report.Jobs = append(report.Jobs, slack.Job(job))
		}
	}
	return report, errors.Join(append(errs, err)...)
}

// jobsOf returns the jobs from all that tells of them.
func (r reporter) jobsOf(ctx context.Context, o *notifyOptions) ([]hub.Job, error) {
	var jobs []hub.Job
	var errs []error
	for _, text := range o.job {
		job, err := parseJob(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		jobs = append(jobs, job)
	}
	if o.jobs != "" {
		found, err := jobsInFile(o.jobs)
		jobs, errs = append(jobs, found...), append(errs, err)
	}
	if o.run != 0 {
		found, err := r.jobsOfRun(ctx, o.repo, o.run)
		jobs, errs = append(jobs, found...), append(errs, err)
	}
	return jobs, errors.Join(errs...)
}

func jobsInFile(path string) ([]hub.Job, error) {
	file, err := os.Open(path) //nolint:gosec // the file that the caller names
	if err != nil {
		return nil, fmt.Errorf("reading the jobs: %w", err)
	}
	defer func() { _ = file.Close() }()
	return hub.ReadJobs(file)
}

func (r reporter) jobsOfRun(ctx context.Context, repo string, run int64) ([]hub.Job, error) {
	repository, err := r.repository(repo)
	if err != nil {
		return nil, err
	}
	return repository.Jobs(ctx, run)
}

// jenkinsStates are Jenkins' words for states that GitHub has other words for.
var jenkinsStates = map[string]string{"aborted": "cancelled", "unstable": "failure", "not_built": "skipped"}

// parseJob reads NAME:STATE:SECONDS. A name may have colons.
func parseJob(text string) (hub.Job, error) {
	parts := strings.Split(text, ":")
	if len(parts) >= 3 {
		seconds, err := strconv.ParseFloat(parts[len(parts)-1], 64)
		if err == nil && seconds >= 0 {
			state := strings.ToLower(parts[len(parts)-2])
			return hub.Job{
				Name:  strings.Join(parts[:len(parts)-2], ":"),
				State: cmp.Or(jenkinsStates[state], state),
				Took:  time.Duration(seconds * float64(time.Second)),
			}, nil
		}
	}
	return hub.Job{}, fmt.Errorf("--job %q: want NAME:STATE:SECONDS, such as images:success:83", text)
}
