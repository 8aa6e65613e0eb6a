package models

import "context"

// TruncateLog is what Upkeep does when the database is idle.
func (db *DB) TruncateLog(ctx context.Context) { db.truncateLog(ctx) }
