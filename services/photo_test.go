package services_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"parley/models"
	"parley/services"
)

var (
	red  = color.NRGBA{255, 0, 0, 255}
	blue = color.NRGBA{0, 0, 255, 255}
)

// corner is a blue picture whose top left quarter is red.
func corner(width, height int) *image.NRGBA {
	canvas := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			canvas.SetNRGBA(x, y, blue)
			if x < width/2 && y < height/2 {
				canvas.SetNRGBA(x, y, red)
			}
		}
	}
	return canvas
}

// picture is a PNG to upload.
func picture(w *world, width, height int) []byte {
	w.Helper()
	var file bytes.Buffer
	w.ok(png.Encode(&file, corner(width, height)))
	return file.Bytes()
}

// shown is ann's photo as everybody gets it.
func (w *world) shown() (services.Photo, image.Image) {
	w.Helper()
	photo, err := w.Photos.Get(w.Context(), *w.user(w.ann.ID).PhotoID)
	w.ok(err)
	decoded, format, err := image.Decode(bytes.NewReader(photo.Content))
	w.ok(err)
	if "image/"+format != photo.ContentType {
		w.Errorf("a %s is served as %s", format, photo.ContentType)
	}
	return photo, decoded
}

func TestPhoto_isMadeAnewAndSmall(t *testing.T) {
	each(t, func(w *world) {
		var asJPEG, asGIF, clear bytes.Buffer
		w.ok(jpeg.Encode(&asJPEG, corner(800, 600), nil))
		w.ok(gif.Encode(&asGIF, corner(40, 60), nil))
		w.ok(png.Encode(&clear, image.NewNRGBA(image.Rect(0, 0, 500, 500))))
		// a comment before the picture
		withText := append([]byte{0xff, 0xd8, 0xff, 0xfe, 0, 11}, "taken at home"[:9]...)
		withText = append(withText, asJPEG.Bytes()[2:]...)
		for name, test := range map[string]struct {
			upload []byte
			side   int
			kind   string
		}{"a PNG": {picture(w, 640, 480), 256, "image/jpeg"}, "a JPEG": {withText, 256, "image/jpeg"},
			"a GIF":             {asGIF.Bytes(), 40, "image/jpeg"},
			"a transparent PNG": {clear.Bytes(), 256, "image/png"}, "a dot": {picture(w, 1, 1), 1, "image/jpeg"},
			"a line": {picture(w, 5000, 1), 1, "image/jpeg"}} {
			w.ok(w.Profile.SetPhoto(w.Context(), w.ann, test.upload))
			photo, decoded := w.shown()
			if size := decoded.Bounds().Size(); size != image.Pt(test.side, test.side) ||
				photo.ContentType != test.kind || bytes.Contains(photo.Content, []byte("taken at")) {
				w.Errorf("%s is shown as %s of %v", name, photo.ContentType, size)
			}
		}
		if n := w.count(&models.Photo{}, "1 = 1"); n != 1 {
			w.Errorf("%d photos are stored", n)
		}
		w.ok(w.Profile.RemovePhoto(w.Context(), w.ann))
		if w.user(w.ann.ID).PhotoID != nil || w.count(&models.Photo{}, "1 = 1") != 0 {
			w.Error("the photo stays")
		}
	})
}

// exif is a JPEG that says how the camera was held, in either byte order.
func exif(w *world, order binary.AppendByteOrder, mark string, orientation uint16) []byte {
	w.Helper()
	var file bytes.Buffer
	w.ok(jpeg.Encode(&file, corner(64, 64), &jpeg.Options{Quality: 100}))
	tiff := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, orientation), 0)
	part := append([]byte("Exif\x00\x00"), tiff...)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(part)+2))
	return append(append(head, part...), file.Bytes()[2:]...)
}

func TestPhoto_standsUpright(t *testing.T) {
	each(t, func(w *world) {
		// Where the picture's top left corner is to be seen.
		for orientation, where := range map[uint16]image.Point{0: {8, 8}, 1: {8, 8}, 2: {56, 8}, 3: {56, 56},
			4: {8, 56}, 5: {8, 8}, 6: {56, 8}, 7: {56, 56}, 8: {8, 56}, 9: {8, 8}} {
			for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian,
				"MM": binary.BigEndian} {
				w.ok(w.Profile.SetPhoto(w.Context(), w.ann, exif(w, order, mark, orientation)))
				_, decoded := w.shown()
				for _, at := range []image.Point{{8, 8}, {56, 8}, {8, 56}, {56, 56}} {
					r, _, _, _ := decoded.At(at.X, at.Y).RGBA()
					if isRed := r > 0x8000; isRed != (at == where) {
						w.Errorf("orientation %d in %s: red at %v is %t", orientation, mark, at, isRed)
					}
				}
			}
		}
	})
}

func TestPhoto_refusesWhatIsNone(t *testing.T) {
	each(t, func(w *world) {
		huge := picture(w, 10, 10)
		// says that it is 100,000 pixels wide; nobody must try to hold them
		binary.BigEndian.PutUint32(huge[16:], 100_000)
		for name, test := range map[string]struct {
			upload []byte
			kind   services.Kind
		}{
			"nothing": {nil, services.Invalid}, "text": {[]byte("<svg onload=alert(1)>"), services.Invalid},
			"half a PNG":      {picture(w, 300, 300)[:200], services.Invalid},
			"a broken header": {huge, services.Invalid},
			"a large file":    {append(picture(w, 10, 10), make([]byte, 5<<20)...), services.TooLarge},
			"many pixels":     {picture(w, 5000, 4000), services.TooLarge},
		} {
			err := w.Profile.SetPhoto(w.Context(), w.ann, test.upload)
			if err == nil || services.KindOf(err) != test.kind || services.AsError(err).Field != "photo" {
				w.Errorf("%s: %v", name, err)
			}
		}
		for _, id := range []string{"", "x", models.NewID(), "' OR 1=1 --"} {
			_, err := w.Photos.Get(w.Context(), id)
			w.refused(services.NotFound, err)
		}
	})
}

// A PNG of zeros is tiny: 4,000 × 4,000 pixels of 16 bits per color are 124 KB in the file and 128 MB in memory.
func TestPhotos_refuseWhatTakesTooMuchMemory(t *testing.T) {
	var upload bytes.Buffer
	if err := png.Encode(&upload, image.NewNRGBA64(image.Rect(0, 0, 4000, 4000))); err != nil {
		t.Fatal(err)
	}
	each(t, func(w *world) {
		err := w.Profile.SetPhoto(w.Context(), w.ann, upload.Bytes())
		w.refused(services.TooLarge, err)
	})
}
