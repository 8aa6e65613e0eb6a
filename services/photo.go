package services

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // an upload may be a GIF
	"image/jpeg"
	"image/png"
	"sync"

	"golang.org/x/image/draw"
	"gorm.io/gorm"

	"parley/models"
)

const (
	photoSide      = 256     // pixels
	maxPhoto       = 5 << 20 // bytes of an upload
	maxPhotoPixels = 16 << 20
	maxPhotoMemory = 64 << 20 // bytes of a decoded upload
)

// Photos stores the photos of users and bots. Anybody who knows the id of a photo may see it, because end users do.
type Photos struct {
	db      *models.DB
	clock   Clock
	working sync.Mutex // uploads are decoded one at a time, because each takes up to maxPhotoMemory
}

// NewPhotos creates the service.
func NewPhotos(db *models.DB, clock Clock) *Photos { return &Photos{db: db, clock: clock} }

// Photo is a photo as it is served: image/jpeg or image/png.
type Photo struct {
	ContentType string
	Content     []byte
}

// Get returns a photo. The photo with an id never changes. Error: NotFound.
func (s *Photos) Get(ctx context.Context, id string) (Photo, error) {
	var photo models.Photo
	err := gorm.ErrRecordNotFound
	if models.ValidID(id) {
		err = s.db.Read.WithContext(ctx).Where("id = ?", id).Take(&photo).Error
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Photo{}, Refuse(NotFound, "Photo not found.")
	} else if err != nil {
		return Photo{}, fmt.Errorf("read photo: %w", err)
	}
	content, err := base64.StdEncoding.DecodeString(photo.Content)
	if err != nil {
		return Photo{}, fmt.Errorf("read photo: %w", err)
	}
	if bytes.HasPrefix(content, []byte("\x89PNG")) {
		return Photo{"image/png", content}, nil
	}
	return Photo{"image/jpeg", content}, nil
}

// read turns an upload into a row: the square in its middle, at most 256 × 256 pixels. It is encoded again, so that
// nothing else in the file is kept. Errors: Invalid, TooLarge.
func (s *Photos) read(ctx context.Context, organizationID string, upload []byte) (models.Photo, error) {
	if len(upload) > maxPhoto {
		return models.Photo{}, &Error{
			Kind:    TooLarge,
			Message: "A photo may have at most 5 MB.",
			Field:   "photo",
		}
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(upload))
	if err != nil || config.Width < 1 || config.Height < 1 {
		return models.Photo{}, refuseField("photo", "A photo must be a PNG, JPEG or GIF.")
	}
	if config.Width > maxPhotoPixels/config.Height {
		return models.Photo{}, &Error{
			Kind:    TooLarge,
			Message: "A photo may have at most 16 million pixels.",
			Field:   "photo",
		}
	}
	if config.Width*config.Height*bytesPerPixel(config.ColorModel) > maxPhotoMemory {
		return models.Photo{}, &Error{
			Kind:    TooLarge,
			Message: "This photo has too many colors for its size. Save it with 8 bits per color, or make it smaller.",
			Field:   "photo",
		}
	}
	s.working.Lock()
	defer s.working.Unlock()
	if err := ctx.Err(); err != nil {
		return models.Photo{}, err
	}
	picture, format, err := image.Decode(bytes.NewReader(upload))
	if err != nil {
		return models.Photo{}, refuseField("photo", "This photo cannot be read. The file may be damaged.")
	}
	turn := 1
	if format == "jpeg" {
		turn = orientation(upload)
	}
	content, err := encodePhoto(turned(cropToSquare(picture), turn))
	if err != nil {
		return models.Photo{}, fmt.Errorf("encode photo: %w", err)
	}
	return models.Photo{
		ID:             models.NewID(),
		OrganizationID: organizationID,
		Content:        base64.StdEncoding.EncodeToString(content),
		CreatedAt:      s.clock(),
	}, nil
}

// replacePhoto deletes the photo with the id old, if old is not nil, and stores photo, if photo is not nil. A photo
// that did not change keeps its id.
func replacePhoto(tx *gorm.DB, organizationID string, old *string, photo *models.Photo) (id *string, err error) {
	if old != nil && photo != nil {
		var same int64
		err := tx.Model(&models.Photo{}).Where("organization_id = ? AND id = ? AND content = ?", organizationID, *old,
			photo.Content).Count(&same).Error
		if err != nil || same > 0 {
			return old, err
		}
	}
	if photo != nil {
		if err := tx.Create(photo).Error; err != nil {
			return nil, err
		}
		id = &photo.ID
	}
	if old != nil {
		err = tx.Where("organization_id = ? AND id = ?", organizationID, *old).Delete(&models.Photo{}).Error
	}
	return id, err
}

// cropToSquare returns the square in the middle of a picture, scaled down to photoSide.
func cropToSquare(picture image.Image) *image.NRGBA {
	bounds := picture.Bounds()
	side := min(bounds.Dx(), bounds.Dy())
	corner := bounds.Min.Add(image.Pt((bounds.Dx()-side)/2, (bounds.Dy()-side)/2))
	small := image.NewNRGBA(image.Rect(0, 0, min(side, photoSide), min(side, photoSide)))
	draw.CatmullRom.Scale(small, small.Bounds(), picture, image.Rectangle{
		Min: corner,
		Max: corner.Add(image.Pt(side, side)),
	}, draw.Src, nil)
	return small
}

func encodePhoto(picture *image.NRGBA) ([]byte, error) {
	var content bytes.Buffer
	var err error
	if picture.Opaque() {
		err = jpeg.Encode(&content, picture, &jpeg.Options{Quality: 85})
	} else {
		err = png.Encode(&content, picture)
	}
	return content.Bytes(), err
}

// turned turns a picture upright by its Exif orientation: 3 is upside down, 6 and 8 lie on a side, 2, 4, 5 and 7 are
// mirrored too.
func turned(from *image.NRGBA, orientation int) *image.NRGBA {
	if orientation < 2 || orientation > 8 {
		return from
	}
	last := from.Bounds().Dx() - 1
	to := image.NewNRGBA(from.Bounds())
	for y := range last + 1 {
		for x := range last + 1 {
			u, v := x, y
			if orientation >= 5 {
				u, v = y, x
			}
			if orientation != 4 && orientation != 5 && orientation != 6 {
				u = last - u
			}
			if orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7 {
				v = last - v
			}
			to.SetNRGBA(x, y, from.NRGBAAt(u, v))
		}
	}
	return to
}

// orientation returns the Exif orientation of a JPEG, 1 to 8. It is 1 if the file has none.
func orientation(file []byte) int {
	for at := 2; at+4 <= len(file) && file[at] == 0xff; {
		kind, size := file[at+1], int(binary.BigEndian.Uint16(file[at+2:]))
		if kind == 0xda || size < 2 || at+2+size > len(file) { // the image data begins, or the file is damaged
			return 1
		}
		if part := file[at+4 : at+2+size]; kind == 0xe1 && bytes.HasPrefix(part, []byte("Exif\x00\x00")) {
			return tiffOrientation(part[6:])
		}
		at += 2 + size
	}
	return 1
}

func tiffOrientation(tiff []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II")) {
		order = binary.LittleEndian
	}
	if len(tiff) < 8 {
		return 1
	}
	first := uint64(order.Uint32(tiff[4:]))
	if first+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[first+2:]
	for range order.Uint16(tiff[first:]) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == 0x0112 {
			return int(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 1
}

// bytesPerPixel returns how much memory a decoded pixel takes: usually 4 bytes, and 8 with 16 bits per color.
func bytesPerPixel(model color.Model) int {
	switch model {
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.Gray16Model:
		return 2
	case color.GrayModel, color.AlphaModel:
		return 1
	case color.YCbCrModel:
		return 3
	}
	if _, indexed := model.(color.Palette); indexed {
		return 1
	}
	return 4
}
