package engine

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// decodeAll decodes bytes that arrive in pieces of a size. It returns each message as its opcode and payload, with
// "cut" in front of one that was cut. It overwrites the pieces, because they belong to the decoder for a moment only.
func decodeAll(stream []byte, size int, limit, keep int32) (messages [][]byte, err error) {
	d := frameDecoder{limit: limit, keep: keep}
	buffer := make([]byte, size)
	for piece := range slices.Chunk(stream, size) {
		d.feed(buffer[:copy(buffer, piece)])
		for {
			m, ok, err := d.next()
			if err != nil {
				return messages, err
			}
			if !ok {
				break
			}
			message := append([]byte{m.opcode}, m.payload...)
			if m.cut {
				message = append([]byte("cut"), message...)
			}
			messages = append(messages, message)
		}
		clear(buffer)
	}
	return messages, nil
}

func clientFrame(op ws.OpCode, fin bool, payload []byte) []byte {
	b, _ := ws.CompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, payload)))
	return b
}

// The decoder works for pieces of any size.
func TestFrameDecoder_decodesFramesOfAnotherLibrary(t *testing.T) {
	var stream []byte
	var want [][]byte
	for _, size := range []int{0, 1, 7, 8, 125, 126, 127, 65535, 65536, 100_000} {
		payload := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
		stream = append(stream, clientFrame(ws.OpBinary, true, payload)...)
		want = append(want, append([]byte{opBinary}, payload...))
		cut := size / 3
		stream = append(stream, clientFrame(ws.OpText, false, payload[:cut])...)
		stream = append(stream, clientFrame(ws.OpPing, true, []byte("p"))...)
		stream = append(stream, clientFrame(ws.OpContinuation, true, payload[cut:])...)
		want = append(want, []byte{opPing, 'p'}, append([]byte{opText}, payload...))
	}
	for _, size := range []int{1, 2, 3, 1000, len(stream)} {
		got, err := decodeAll(stream, size, 1<<20, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("in pieces of %d: the messages differ", size)
		}
	}
}

// Of a long message the decoder keeps the first KiB, however it is fragmented.
func TestFrameDecoder_keepsTheBeginningOfALongMessage(t *testing.T) {
	const keep = 5 * beginning
	long := bytes.Repeat([]byte("abcdefg"), 10*beginning/7)
	var stream []byte
	var want [][]byte
	for _, cut := range []int{0, 1, beginning - 1, beginning, beginning + 1, keep - 1, keep, keep + 1, len(long)} {
		stream = append(stream, clientFrame(ws.OpBinary, false, long[:cut])...)
		stream = append(stream, clientFrame(ws.OpPing, true, []byte("p"))...)
		stream = append(stream, clientFrame(ws.OpContinuation, true, long[cut:])...)
		want = append(want, []byte{opPing, 'p'}, append([]byte{'c', 'u', 't', opBinary}, long[:beginning]...))
	}
	for _, size := range []int{keep, keep + 1} {
		stream = append(stream, clientFrame(ws.OpBinary, true, long[:size])...)
	}
	want = append(want, append([]byte{opBinary}, long[:keep]...),
		append([]byte{'c', 'u', 't', opBinary}, long[:beginning]...))
	for _, size := range []int{1, 2, 3, 50, beginning, 4 << 10, len(stream)} {
		got, err := decodeAll(stream, size, int32(len(long)), keep)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("in pieces of %d: %d messages, want %d", size, len(got), len(want))
		}
	}
}

// A client can send gigabytes of these, so they must not make garbage.
func TestFrameDecoder_copiesNothingThatIsDropped(t *testing.T) {
	for name, stream := range map[string][]byte{
		"a message that is too long": clientFrame(ws.OpText, true, bytes.Repeat([]byte("x"), 1<<20)),
		"pings":                      bytes.Repeat(clientFrame(ws.OpPing, true, make([]byte, 125)), 1<<13),
	} {
		pieces := slices.Collect(slices.Chunk(stream, 4<<10))
		used := testing.Benchmark(func(b *testing.B) {
			for range b.N {
				d := frameDecoder{limit: 1 << 20, keep: 64 << 10}
				for _, piece := range pieces {
					d.feed(piece)
					for ok := true; ok; {
						_, ok, _ = d.next()
					}
				}
			}
		}).AllocedBytesPerOp()
		if used > int64(len(stream)/10) {
			t.Errorf("%s: %d bytes allocate %d", name, len(stream), used)
		}
	}
}

func TestFrameDecoder_hasNoBufferBetweenMessages(t *testing.T) {
	d := frameDecoder{limit: 100, keep: 100}
	d.feed(clientFrame(ws.OpText, true, []byte("hello")))
	if _, ok, err := d.next(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if d.buffer != nil || d.part != nil {
		t.Fatal("a buffer is kept")
	}
}

func TestPacket_anotherLibraryDecodesTheFrame(t *testing.T) {
	for _, size := range []int{0, 100, 124, 125, 126, 65534, 65535, 70_000} {
		message := bytes.Repeat([]byte("x"), size)
		for p, want := range map[*Packet]struct {
			op      ws.OpCode
			payload []byte
		}{
			Text(message):   {ws.OpText, append([]byte("4"), message...)},
			Binary(message): {ws.OpBinary, message},
		} {
			r := bytes.NewReader(p.Frame())
			h, err := ws.ReadHeader(r)
			payload, _ := io.ReadAll(r)
			if err != nil || h.OpCode != want.op || !h.Fin || h.Masked || h.Length != int64(len(payload)) ||
				!bytes.Equal(payload, want.payload) {
				t.Errorf("message of %d: %v, %+v", size, err, h)
			}
		}
	}
}

// For any bytes in pieces of any size, the decoder returns the same messages within its limits, or an error.
func FuzzFrameDecoder(f *testing.F) {
	f.Add(clientFrame(ws.OpText, true, []byte("40")), uint8(1))
	f.Add(append(clientFrame(ws.OpText, false, []byte("4")), clientFrame(ws.OpContinuation, true, []byte("0"))...),
		uint8(3))
	f.Add(append(clientFrame(ws.OpText, false, make([]byte, 150)), clientFrame(ws.OpContinuation, true, nil)...),
		uint8(7))
	f.Add(append(clientFrame(ws.OpPing, true, nil), clientFrame(ws.OpClose, true, []byte{3, 232})...), uint8(200))
	f.Add([]byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint8(5))
	f.Fuzz(func(t *testing.T, stream []byte, size uint8) {
		const limit, keep = 4096, 2000
		whole, err1 := decodeAll(stream, max(len(stream), 1), limit, keep)
		pieces, err2 := decodeAll(stream, int(size)+1, limit, keep)
		if !slices.EqualFunc(whole, pieces, bytes.Equal) || (err1 == nil) != (err2 == nil) {
			t.Fatalf("the pieces matter: %d and %d messages, %v and %v", len(whole), len(pieces), err1, err2)
		}
		for _, m := range whole {
			longest := keep
			if rest, cut := bytes.CutPrefix(m, []byte("cut")); cut {
				m, longest = rest, beginning
			} else if m[0] == opText && !utf8.Valid(m[1:]) {
				t.Fatal("the text is not UTF-8")
			}
			if m[0] >= opClose {
				longest = 125
			}
			if len(m)-1 > longest {
				t.Fatalf("message of opcode %d and %d bytes", m[0], len(m)-1)
			}
		}
	})
}

// Decoding a long-polling body never panics, and its packets together are the body.
func FuzzPayload(f *testing.F) {
	f.Add([]byte("40\x1e42[\"a\"]\x1ebAQID"))
	f.Add([]byte(""))
	f.Add([]byte("\x1e\x1e"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var packets [][]byte
		eachPacket(body, func(p []byte) error {
			packets = append(packets, p)
			if len(p) > 0 && p[0] == typeBinary {
				if message, err := decodeBase64(p[1:]); err == nil {
					again, err := decodeBase64(Binary(message).appendPolling(nil)[1:])
					if err != nil || !bytes.Equal(again, message) {
						t.Fatalf("%q: %v", p, err)
					}
				}
			}
			return nil
		})
		if !bytes.Equal(bytes.Join(packets, []byte{separator}), body) {
			t.Fatalf("%q was split into %q", body, packets)
		}
	})
}

// Parsing packets of another node never panics, and accepts complete packets only.
func FuzzParsePackets(f *testing.F) {
	f.Add(append(Text([]byte("2[\"a\"]")).Frame(), Binary(make([]byte, 300)).Frame()...))
	f.Add([]byte{0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, frames []byte) {
		packets, err := ParsePackets(frames)
		if err != nil {
			return
		}
		size := 0
		for _, p := range packets {
			size += len(p.frame)
			p.appendPolling(nil)
		}
		if size != len(frames) {
			t.Fatalf("packets of %d bytes out of %d", size, len(frames))
		}
	})
}
