package migrations

import (
	"context"
	"database/sql"
)

// UpTo migrates up to an old version of the schema.
func UpTo(ctx context.Context, db *sql.DB, postgres bool, version int64) error {
	provider, err := newProvider(db, postgres)
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, version)
	return err
}
