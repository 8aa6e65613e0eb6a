package services

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
)

const sealedVersion = "v1"

// SecretBox seals the secrets that must be read again, as the key to a push service must: a copy of the database
// without the installation's key opens none of them. The text is "v1.<key id>.<base64url of nonce and ciphertext>", by
// AES-256-GCM.
type SecretBox struct{ keys []boxKey }

type boxKey struct {
	id   string
	aead cipher.AEAD
}

// NewSecretBox makes a box of one or more installation keys: the first seals, all open.
func NewSecretBox(keys ...[]byte) *SecretBox {
	box := &SecretBox{}
	for _, key := range keys {
		box.keys = append(box.keys, newBoxKey(key))
	}
	return box
}

func newBoxKey(secret []byte) boxKey {
	derived, err := hkdf.Key(sha256.New, secret, nil, "parley secret box "+sealedVersion, 32)
	if err != nil {
		panic(err) // only for lengths that are not this one
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err) // the same
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // the same
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("parley key id"))
	return boxKey{id: hex.EncodeToString(mac.Sum(nil))[:8], aead: aead}
}

// Seal encrypts plain for one place: row is the table, the row's id, its organization and the column. Nowhere else does
// the text open, so who can write to the database cannot move a secret to a row that is theirs.
func (b *SecretBox) Seal(plain []byte, row ...string) string {
	key := b.keys[0]
	nonce := make([]byte, key.aead.NonceSize())
	rand.Read(nonce)
	sealed := key.aead.Seal(nonce, nonce, plain, boundTo(row))
	return strings.Join([]string{sealedVersion, key.id, base64.RawURLEncoding.EncodeToString(sealed)}, ".")
}

// Current reports whether a text was sealed by the key that seals now.
func (b *SecretBox) Current(sealed string) bool {
	return strings.HasPrefix(sealed, sealedVersion+"."+b.keys[0].id+".")
}

// Open decrypts what Seal made for the same row.
func (b *SecretBox) Open(sealed string, row ...string) ([]byte, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != sealedVersion {
		return nil, errors.New("open secret: not a sealed text")
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, errors.New("open secret: not a sealed text")
	}
	for _, key := range b.keys {
		if size := key.aead.NonceSize(); key.id == parts[1] && len(data) >= size {
			plain, err := key.aead.Open(nil, data[:size], data[size:], boundTo(row))
			if err != nil {
				return nil, errors.New("open secret: changed, or of another row")
			}
			return plain, nil
		}
	}
	return nil, errors.New("open secret: sealed by a key that is in neither SECRET_KEY nor SECRET_KEY_OLD")
}

// boundTo writes each part with its length, so that no two rows have the same text.
func boundTo(row []string) (data []byte) {
	for _, part := range row {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	return data
}
