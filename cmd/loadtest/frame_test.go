package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/gobwas/ws"
)

// The sizes around which the length of a frame is encoded differently.
var frameSizes = []int{0, 1, 125, 126, 65535, 65536, 200000}

func TestAppendFrame_isReadByAnotherImplementation(t *testing.T) {
	for _, size := range frameSizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			payload := bytes.Repeat([]byte("p"), size)
			wire := bytes.NewReader(appendFrame(nil, opText, payload))
			header, err := ws.ReadHeader(wire)
			if err != nil {
				t.Fatal(err)
			}
			if !header.Fin || !header.Masked || header.OpCode != ws.OpText || header.Length != int64(size) {
				t.Errorf("header = %+v, want a final masked text frame of %d bytes", header, size)
			}
			got := make([]byte, wire.Len())
			wire.Read(got)
			if ws.Cipher(got, header.Mask, 0); !bytes.Equal(got, payload) {
				t.Errorf("payload of %d bytes, want the same %d", len(got), size)
			}
		})
	}
}

func TestReadFrame_readsAnotherImplementation(t *testing.T) {
	var wire bytes.Buffer
	for _, size := range frameSizes {
		if err := ws.WriteFrame(&wire, ws.NewTextFrame(bytes.Repeat([]byte("p"), size))); err != nil {
			t.Fatal(err)
		}
	}
	r := bufio.NewReaderSize(&wire, 64)
	var buf []byte
	for _, size := range frameSizes {
		opcode, payload, err := readFrame(r, buf)
		if err != nil || opcode != opText || len(payload) != size {
			t.Fatalf("readFrame = opcode %d, %d bytes, %v; want text, %d bytes", opcode, len(payload), err, size)
		}
		buf = payload[:0]
	}
}

func TestReadFrame_refusesFramesThatNoServerShouldSend(t *testing.T) {
	fragment := ws.NewFrame(ws.OpText, false, []byte("part"))
	if _, _, err := readFrame(reader(ws.MustCompileFrame(fragment)), nil); !errors.Is(err, errFragmented) {
		t.Errorf("a fragment: %v, want %v", err, errFragmented)
	}
	huge := []byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	if _, _, err := readFrame(reader(huge), nil); err == nil {
		t.Error("a length of 16 exabytes was accepted")
	}
	if _, _, err := readFrame(reader([]byte{0x81, 5, 'c', 'u', 't'}), nil); err == nil {
		t.Error("a frame that ends early was accepted")
	}
}

func reader(wire []byte) *bufio.Reader {
	return bufio.NewReader(bytes.NewReader(wire))
}
