package ci

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Subject is who a run of the CI is: the whole text of the claim `sub` in its token. It is compared for equality.
type Subject string

// GitHubPullRequests returns the subject of runs for pull requests of a repository, given as owner/name. GitHub gives
// no token that AWS would take to pull requests from forks, unless a workflow is told to.
//
// In a repository made, renamed or moved after 18 June 2026, or that chose so, owner and name carry numbers: take them
// as the repository's settings for OIDC show them. That is so for all subjects of GitHub.
func GitHubPullRequests(repository string) Subject {
	return gitHub(repository, "pull_request")
}

// GitHubEnvironment returns the subject of jobs that name an environment of a repository. Let the environment's
// deployment branches be the main branch alone: otherwise a job of any branch may name it.
func GitHubEnvironment(repository, environment string) Subject {
	return gitHub(repository, "environment:"+strings.ReplaceAll(environment, ":", "%3A"))
}

// GitHubBranch returns the subject of runs on a branch of a repository, in jobs that name no environment.
func GitHubBranch(repository, branch string) Subject {
	return gitHub(repository, "ref:refs/heads/"+branch)
}

func gitHub(repository, context string) Subject {
	return Subject("repo:" + repository + ":" + context)
}

// GitLabBranch returns the subject of jobs on a branch of a GitLab project, given as group/project.
func GitLabBranch(project, branch string) Subject {
	return Subject("project_path:" + project + ":ref_type:branch:ref:" + branch)
}

// The forms of subjects, by how they begin: each names one repository and what of it runs.
var (
	gitHubSubject = regexp.MustCompile(`^repo:[^/:\s]+/[^/:\s]+:[^:\s].*$`)
	gitLabSubject = regexp.MustCompile(`^project_path:[^/:\s]+(/[^/:\s]+)+:ref_type:(branch|tag):ref:\S+$`)
)

// validate refuses what is not one subject. Some issuers serve everybody, and their subjects must name a repository;
// what a server of one's own writes is not known here.
func (s Subject) validate(at *field.Path, issuer string) field.ErrorList {
	text := string(s)
	switch {
	case text == "" || strings.TrimSpace(text) != text:
		return field.ErrorList{field.Invalid(at, text, "must be the whole text of the claim sub")}
	case strings.ContainsAny(text, "*?"):
		return field.ErrorList{field.Invalid(at, text,
			"has a wildcard: subjects are compared for equality, since a pattern lets in runs that nobody thought of")}
	case (issuer == gitHubIssuer || strings.HasPrefix(text, "repo:")) && !gitHubSubject.MatchString(text):
		return field.ErrorList{field.Invalid(at, text,
			"must name the repository and what of it runs, such as repo:owner/name:environment:dev: "+
				"GitHub's issuer serves everybody")}
	case (issuer == gitLabIssuer || strings.HasPrefix(text, "project_path:")) && !gitLabSubject.MatchString(text):
		return field.ErrorList{field.Invalid(at, text,
			"must name the project and its branch, such as project_path:group/project:ref_type:branch:ref:main: "+
				"GitLab's issuer serves everybody")}
	}
	return nil
}
