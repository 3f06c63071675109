package program

import "github.com/slipway-eks/slipway/components/ci"

// subjects returns those that are given; with none, and a repository on GitHub, the one that is usual there.
func (c *CI) subjects(given []string, usual func(g *GitHub) ci.Subject) []ci.Subject {
	if len(given) == 0 && c.GitHub != nil {
		return []ci.Subject{usual(c.GitHub)}
	}
	var all []ci.Subject
	for _, s := range given {
		all = append(all, ci.Subject(s))
	}
	return all
}

func (c *CI) previewSubjects() []ci.Subject {
	return c.subjects(c.Preview.Subjects, func(g *GitHub) ci.Subject { return ci.GitHubPullRequests(g.Repository) })
}

func (c *CI) deploySubjects(environment string) []ci.Subject {
	return c.subjects(c.Environments[environment].Subjects, func(g *GitHub) ci.Subject {
		return ci.GitHubEnvironment(g.Repository, environment)
	})
}

func (c *CI) releaseSubjects() []ci.Subject {
	return c.subjects(c.Release.Subjects, func(g *GitHub) ci.Subject { return ci.GitHubBranch(g.Repository, g.Branch) })
}
