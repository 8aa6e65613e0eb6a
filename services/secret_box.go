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

// SecretBox encrypts the secrets that Parley must read again, like the key of a push service. A copy of the database is
// worth nothing without the installation's key. The text is "v1.<key id>.<base64url of nonce and ciphertext>", by
// AES-256-GCM.
type SecretBox struct{ keys []boxKey }

type boxKey struct {
	id   string
	aead cipher.AEAD
}

// NewSecretBox makes a box of one or more installation keys. The first one encrypts, all of them decrypt.
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
		panic(err) // cannot happen: it depends on the length alone
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err) // cannot happen: it depends on the length alone
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // cannot happen: it depends on the length alone
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("parley key id"))
	return boxKey{id: hex.EncodeToString(mac.Sum(nil))[:8], aead: aead}
}

// Seal encrypts plain for one place: row is the table, the row's id, its organization and the column. The text can be
// decrypted for that place alone, so someone who can write to the database cannot move a secret to a row of their own.
func (b *SecretBox) Seal(plain []byte, row ...string) string {
	key := b.keys[0]
	nonce := make([]byte, key.aead.NonceSize())
	rand.Read(nonce)
	sealed := key.aead.Seal(nonce, nonce, plain, boundTo(row))
	return strings.Join([]string{sealedVersion, key.id, base64.RawURLEncoding.EncodeToString(sealed)}, ".")
}

// Current reports whether a text was encrypted with the key that Seal uses.
func (b *SecretBox) Current(sealed string) bool {
	return strings.HasPrefix(sealed, sealedVersion+"."+b.keys[0].id+".")
}

// Open decrypts a text that Seal made for the same row.
func (b *SecretBox) Open(sealed string, row ...string) ([]byte, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != sealedVersion {
		return nil, errors.New("decrypt secret: not an encrypted text")
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, errors.New("decrypt secret: not an encrypted text")
	}
	for _, key := range b.keys {
		if size := key.aead.NonceSize(); key.id == parts[1] && len(data) >= size {
			plain, err := key.aead.Open(nil, data[:size], data[size:], boundTo(row))
			if err != nil {
				return nil, errors.New("decrypt secret: it was changed, or belongs to another row")
			}
			return plain, nil
		}
	}
	return nil, errors.New("decrypt secret: its key is in neither SECRET_KEY nor SECRET_KEY_OLD")
}

// boundTo joins the parts with their lengths, so that no two rows give the same bytes.
func boundTo(row []string) (data []byte) {
	for _, part := range row {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	return data
}
