package cluster

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// probe is a file that is added to the program under test. On SIGUSR1 it writes how many goroutines there are, and how
// much memory is in use after a collection. The program that is released does not have it.
//
//go:embed probe.go.txt
var probe []byte

// migration is a migration that a newer version of the program could bring.
const migration = `-- +goose Up
ALTER TABLE messages ADD COLUMN fault_%[1]d TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN fault_%[1]d TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN fault_%[1]d TEXT NOT NULL DEFAULT '';
CREATE INDEX messages_fault_%[1]d ON messages (conversation_id, fault_%[1]d);

-- +goose Down
DROP INDEX messages_fault_%[1]d;
ALTER TABLE users DROP COLUMN fault_%[1]d;
ALTER TABLE conversations DROP COLUMN fault_%[1]d;
ALTER TABLE messages DROP COLUMN fault_%[1]d;
`

// Build builds the program from the source, with a number of migrations more than it has. Each adds columns and an
// index.
func Build(path string, migrations int) error {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "parley").Output()
	if err != nil {
		return fmt.Errorf("the source of Parley is not here: %w", err)
	}
	root := strings.TrimSpace(string(module))
	replace := map[string]string{}
	add := func(name, content string) error {
		file := path + "." + filepath.Base(name)
		replace[filepath.Join(root, name)] = file
		return os.WriteFile(file, []byte(content), 0o644)
	}
	if err := add("cmd/parley/probe.go", string(probe)); err != nil {
		return err
	}
	for i := range migrations {
		number := i + 1
		err := add(fmt.Sprintf("migrations/9%03d_fault.sql", number), fmt.Sprintf(migration, number))
		if err != nil {
			return err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".overlay", overlay, 0o644); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-overlay", path+".overlay", "-o", path, "parley/cmd/parley")
	build.Stderr = os.Stderr
	return build.Run()
}
