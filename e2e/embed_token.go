//go:build ignore

// embed_token.go adds an embed token for one origin to the demo organization of a data directory that no server has
// open. It prints the token.
package main

import (
	"context"
	"fmt"
	"os"

	"parley/models"
	"parley/services"
)

func main() {
	if err := add(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func add(dataDir, origin string) error {
	db, err := models.Open(context.Background(), "", dataDir)
	if err != nil {
		return err
	}
	defer db.Close()
	var token models.EmbedToken
	if err := db.Read.Order("created_at").Take(&token).Error; err != nil {
		return err
	}
	secret, hash := services.NewToken("ew_")
	token.ID = models.NewID()
	token.TokenHash = hash
	token.AllowedOrigins = []string{origin}
	if err := db.Write.Create(&token).Error; err != nil {
		return err
	}
	fmt.Println(secret)
	return nil
}
