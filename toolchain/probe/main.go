// Command probe shows that a network works: `probe serve ADDRESS` answers every request with the name of its host,
// `probe get URL COUNT` asks COUNT times, each time by a new connection, and prints one line per answer.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const deadline = 3 * time.Second

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "serve":
		fail(serve(os.Args[2]))
	case len(os.Args) == 4 && os.Args[1] == "get":
		count, err := strconv.Atoi(os.Args[3])
		fail(err)
		fail(get(os.Args[2], count))
	default:
		fail(fmt.Errorf("usage: probe serve ADDRESS | probe get URL COUNT"))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func serve(address string) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	server := http.Server{
		Addr:              address,
		ReadHeaderTimeout: deadline,
		Handler: http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(answer, name)
		}),
	}
	return server.ListenAndServe()
}

func get(url string, count int) error {
	client := http.Client{Timeout: deadline, Transport: &http.Transport{DisableKeepAlives: true}}
	failed := 0
	for range count {
		answer, err := client.Get(url)
		if err != nil {
			failed++
			fmt.Println("failed:", err)
			continue
		}
		body, err := io.ReadAll(io.LimitReader(answer.Body, 1000))
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			failed++
			fmt.Println("failed:", answer.Status, err)
			continue
		}
		fmt.Print(string(body))
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d requests failed", failed, count)
	}
	return nil
}
