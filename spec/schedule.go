package spec

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a machine without a time zone database knows the same zones

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// cronField is one of the five fields of a schedule, with the names that may stand for its numbers.
type cronField struct {
	name      string
	low, high int
	words     []string // of low, low+1 and so on
}

// cronFields are those that Kubernetes reads, in order (robfig/cron, ParseStandard): Sunday is 0 and not 7.
var cronFields = []cronField{
	{name: "minute", high: 59},
	{name: "hour", high: 23},
	{name: "day of month", low: 1, high: 31},
	{name: "month", low: 1, high: 12, words: strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")},
	{name: "day of week", high: 6, words: strings.Fields("sun mon tue wed thu fri sat")},
}

func (s *Schedule) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.Cron != "" {
		if err := validateCron(s.Cron); err != nil {
			errs = append(errs, field.Invalid(path.Child("cron"), s.Cron, err.Error()))
		}
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || strings.EqualFold(s.TimeZone, "local") {
		errs = append(errs, field.Invalid(path.Child("timeZone"), s.TimeZone, "must be a time zone such as Asia/Seoul"))
	}
	return errs
}

// validateCron reports what Kubernetes would not read. It names the field at fault.
func validateCron(cron string) error {
	fields := strings.Fields(cron)
	if len(fields) != len(cronFields) {
		return fmt.Errorf("must have five fields: minute, hour, day, month and day of the week, as in %q", "30 3 * * *")
	}
	for i, f := range cronFields {
		for part := range strings.SplitSeq(fields[i], ",") {
			if !f.accepts(part) {
				return fmt.Errorf("has %q as the %s, which is from %d to %d, a range, a list or a step", part, f.name, f.low, f.high)
			}
		}
	}
	return nil
}

// accepts says whether part is *, a value or a range, perhaps with a step.
func (f *cronField) accepts(part string) bool {
	span, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
		return false
	}
	if span == "*" || span == "?" {
		return true
	}
	first, last, ranged := strings.Cut(span, "-")
	low, ok := f.value(first)
	if !ranged {
		return ok
	}
	high, alsoOK := f.value(last)
	return ok && alsoOK && low <= high
}

func (f *cronField) value(text string) (int, bool) {
	for i, word := range f.words {
		if strings.EqualFold(text, word) {
			return f.low + i, true
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && text[0] != '+' && n >= f.low && n <= f.high
}
