package services_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"parley/services"
)

// contrast is WCAG's, written down a second time.
func contrast(a, b string) float64 {
	luminance := func(text string) float64 {
		var rgb [3]uint8
		fmt.Sscanf(text, "#%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2])
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			c := float64(rgb[i]) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	high, low := max(luminance(a), luminance(b)), min(luminance(a), luminance(b))
	return (high + 0.05) / (low + 0.05)
}

func TestContrastInk_isReadableOnEveryColor(t *testing.T) {
	t.Parallel()
	for color, ink := range map[string]string{"#000000": "#ffffff", "#ffffff": "#000000", "#FFFF00": "#000000",
		"#1f2937": "#ffffff", "": "#ffffff", "red": "#ffffff"} {
		if got := services.ContrastInk(color); got != ink {
			t.Errorf("on %q: %s", color, got)
		}
	}
	for range 20_000 {
		color := fmt.Sprintf("#%06x", rand.IntN(1<<24))
		if ratio := contrast(color, services.ContrastInk(color)); ratio < 4.5 {
			t.Errorf("on %s: %.2f", color, ratio)
		}
	}
}
