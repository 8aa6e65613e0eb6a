package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticksPerSecond is Linux's USER_HZ, fixed in its interface.
const ticksPerSecond = 100

// cpuSeconds returns the CPU time the processes have used since they started, in user and kernel mode.
func cpuSeconds(pids []int) (float64, error) {
	var ticks float64
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		// The name in parentheses may contain spaces, so count from its end. utime and stime are fields 14 and 15.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 13 {
			return 0, fmt.Errorf("unexpected /proc/%d/stat", pid)
		}
		for _, field := range fields[11:13] {
			n, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return ticks / ticksPerSecond, nil
}

// residentKB returns the resident memory of the processes.
func residentKB(pids []int) (float64, error) {
	var kb float64
	for _, pid := range pids {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0, err
		}
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return 0, fmt.Errorf("process %d has ended", pid)
		}
		n, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return 0, err
		}
		kb += n
	}
	return kb, nil
}
