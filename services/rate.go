package services

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is how often something may happen: Count times in any Window. The zero value sets no limit.
type Rate struct {
	Count  int
	Window time.Duration
}

// Off reports that there is no limit.
func (r Rate) Off() bool { return r.Count == 0 }

// ParseRate reads "10/10s" or "off".
func ParseRate(text string) (Rate, error) {
	if text == "off" {
		return Rate{}, nil
	}
	count, window, found := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	if !found || err != nil || n < 1 || n > 1_000_000 {
		return Rate{}, fmt.Errorf("must be a number and a duration like 10/10s, or off")
	}
	d, err := time.ParseDuration(window)
	if err != nil || d < time.Millisecond || d > 24*time.Hour {
		return Rate{}, fmt.Errorf("must be a number and a duration like 10/10s, or off")
	}
	return Rate{Count: n, Window: d}, nil
}
