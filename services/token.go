package services

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// NewToken returns a random secret that begins with prefix, and the hash to store in its place.
func NewToken(prefix string) (secret, hash string) {
	secret = prefix + strings.ToLower(rand.Text())
	return secret, HashToken(secret)
}

// HashToken returns the hex SHA-256 of a random secret. It needs no salt, because nobody can guess 128 random bits.
func HashToken(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
