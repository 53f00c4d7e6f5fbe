package machine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// NetnsPath is where iproute2 keeps a named network namespace.
func NetnsPath(name string) string { return "/run/netns/" + name }

// Execute runs a short command and gives its output; the error holds what it complained of.
func Execute(ctx context.Context, command ...string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(problems.String()))
	}
	return string(out), nil
}

// ExecuteAll runs commands one after the other until one fails.
func ExecuteAll(ctx context.Context, commands [][]string) error {
	for _, c := range commands {
		if _, err := Execute(ctx, c...); err != nil {
			return err
		}
	}
	return nil
}

// Exists says whether there is something at a path, be it a broken link.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
