// A complete receiver of Hookline's webhooks. Needs only Go 1.21 or newer.
//
//	WEBHOOK_SECRET=whsec_… go run examples/receivers/receiver.go
//
// It verifies, stores, answers, and works afterwards, so that a crash at any point loses nothing:
// what was not answered comes again, and what was answered is in the inbox. WEBHOOK_SECRET may hold
// several secrets with spaces between, RECEIVER_PORT another port than 9000, INBOX another file than
// inbox.jsonl. A real service keeps the inbox in its database: a table whose key is the event's id.
package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	bodyBytesMax = 1_000_000
	tolerance    = 5 * time.Minute
)

type event struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Sequence int    `json:"sequence"`
	Data     struct {
		ID string `json:"id"`
	} `json:"data"`
}

// isSigned: whether a signature is right, by any secret, and the request no old one sent again.
func isSigned(secrets []string, header http.Header, body []byte) bool {
	sentAt := header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(sentAt, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	given := strings.Fields(header.Get("webhook-signature")) // two while a secret is rotated
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			continue
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(header.Get("webhook-id") + "." + sentAt + "."))
		mac.Write(body)
		expected := mac.Sum(nil)
		for _, one := range given {
			version, text, _ := strings.Cut(one, ",")
			found, err := base64.StdEncoding.DecodeString(text)
			if err == nil && version == "v1" && hmac.Equal(found, expected) {
				return true
			}
		}
	}
	return false
}

// inbox: events that were answered, a line each; a second file counts those that are done.
type inbox struct {
	file    string
	mutex   sync.Mutex
	known   map[string]bool
	latest  map[string]int // how far each resource is; a real service has it in the resource's row
	waiting []event
	done    int
	news    chan struct{}
}

func openInbox(file string) (*inbox, error) {
	box := &inbox{file: file, known: map[string]bool{}, latest: map[string]int{}, news: make(chan struct{}, 1)}
	if text, err := os.ReadFile(file + ".done"); err == nil {
		box.done, _ = strconv.Atoi(string(text))
	}
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 2*bodyBytesMax)
	for number := 0; lines.Scan(); number++ {
		var one event
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, err
		}
		box.known[one.ID] = true
		if number < box.done {
			box.note(one)
		} else {
			box.waiting = append(box.waiting, one)
		}
	}
	return box, lines.Err()
}

// take stores the event durably; false when it is there already.
func (box *inbox) take(one event, body []byte) (bool, error) {
	box.mutex.Lock()
	defer box.mutex.Unlock()
	if box.known[one.ID] {
		return false, nil
	}
	file, err := os.OpenFile(box.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	defer file.Close()
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		return false, err
	}
	line.WriteByte('\n')
	if _, err := file.Write(line.Bytes()); err != nil {
		return false, err
	}
	if err := file.Sync(); err != nil {
		return false, err
	}
	box.known[one.ID] = true
	box.waiting = append(box.waiting, one)
	return true, nil
}

// note: whether the event is newer than all that is known of its resource.
func (box *inbox) note(one event) bool {
	if one.Sequence <= box.latest[one.Data.ID] {
		return false
	}
	box.latest[one.Data.ID] = one.Sequence
	return true
}

// work does one event after the other, for ever; one twice if the program dies in the middle of it.
func (box *inbox) work() {
	for {
		box.mutex.Lock()
		todo := box.waiting
		box.waiting = nil
		box.mutex.Unlock()
		for _, one := range todo {
			word := "older"
			if box.note(one) {
				word = "did"
			}
			fmt.Println(word, one.Type, one.Data.ID, one.Sequence) // your work
			box.done++
			if err := os.WriteFile(box.file+".done", []byte(strconv.Itoa(box.done)), 0o600); err != nil {
				fmt.Println("not noted as done:", err)
			}
		}
		<-box.news
	}
}

func main() {
	secrets := strings.Fields(os.Getenv("WEBHOOK_SECRET"))
	if len(secrets) == 0 {
		fmt.Fprintln(os.Stderr, "Set WEBHOOK_SECRET to the webhook's signing secret (whsec_…).")
		os.Exit(1)
	}
	port, file := os.Getenv("RECEIVER_PORT"), os.Getenv("INBOX")
	if port == "" {
		port = "9000"
	}
	if file == "" {
		file = "inbox.jsonl"
	}
	box, err := openInbox(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go box.work()
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, bodyBytesMax))
		if err != nil {
			answer.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		if !isSigned(secrets, request.Header, body) {
			fmt.Println("refused: the signature is not right")
			answer.WriteHeader(http.StatusUnauthorized)
			return
		}
		var one event
		if err := json.Unmarshal(body, &one); err != nil {
			answer.WriteHeader(http.StatusBadRequest)
			return
		}
		isNew, err := box.take(one, body)
		if err != nil {
			fmt.Println("not stored:", err)
			answer.Header().Set("retry-after", "30")
			answer.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer.WriteHeader(http.StatusNoContent)
		if !isNew {
			fmt.Println("again", one.ID)
		}
		select {
		case box.news <- struct{}{}:
		default: // it has been told
		}
	})
	fmt.Println("listening on http://localhost:" + port + "/")
	fmt.Fprintln(os.Stderr, http.ListenAndServe("127.0.0.1:"+port, nil))
	os.Exit(1)
}
