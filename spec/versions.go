package spec

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// VersionsAsOf is the day on which the calendar of Kubernetes versions was read.
const VersionsAsOf = "2026-11-20"

// nearEndDays is how long before its end a version is warned of: about the time that an upgrade takes to plan.
const nearEndDays = 60

// supportedVersion is a Kubernetes minor version on EKS and the days on which its support ends.
type supportedVersion struct {
	minor, standardEnds, extendedEnds string
}

// calendar has the versions that a cluster can be made with, oldest first. Source: the EKS user guide's page of
// Kubernetes versions, and endoflife.date's amazon-eks, as of VersionsAsOf.
var calendar = []supportedVersion{
	{"1.31", "2025-11-26", "2026-11-26"},
	{"1.32", "2026-03-23", "2027-03-23"},
	{"1.33", "2026-07-29", "2027-07-29"},
	{"1.34", "2026-12-02", "2027-12-02"},
	{"1.35", "2027-03-27", "2028-03-27"},
	{"1.36", "2027-08-02", "2028-08-02"},
}

// ends returns the day on which the version leaves the support that was chosen.
func (v supportedVersion) ends(support string) time.Time {
	day := v.standardEnds
	if support == "EXTENDED" {
		day = v.extendedEnds
	}
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err) // a mistake in the table above, found by any test
	}
	return t
}

func findVersion(minor string) (supportedVersion, bool) {
	for _, v := range calendar {
		if v.minor == minor {
			return v, true
		}
	}
	return supportedVersion{}, false
}

func validateVersion(path *field.Path, minor, support string, now time.Time) field.ErrorList {
	v, ok := findVersion(minor)
	if !ok {
		known := make([]string, len(calendar))
		for i, c := range calendar {
			known[i] = c.minor
		}
		return field.ErrorList{field.Invalid(path, minor,
			fmt.Sprintf("is not a version that EKS offered on %s; known are %s", VersionsAsOf, strings.Join(known, ", ")))}
	}
	if end := v.ends(support); now.After(end) {
		return field.ErrorList{field.Invalid(path, minor,
			fmt.Sprintf("its %s support ended on %s", strings.ToLower(support), end.Format(time.DateOnly)))}
	}
	return nil
}

// VersionWarning says that the cluster's version leaves its support within 60 days of now; "" if it does not.
func (c *Cluster) VersionWarning(now time.Time) string {
	v, ok := findVersion(c.Version)
	if !ok {
		return ""
	}
	end := v.ends(c.Support)
	if now.AddDate(0, 0, nearEndDays).Before(end) {
		return ""
	}
	return fmt.Sprintf("Kubernetes %s leaves %s support on %s: plan the upgrade",
		c.Version, strings.ToLower(c.Support), end.Format(time.DateOnly))
}
