// Command pause is process 1 of a pod's sandbox: it keeps the pod's namespaces alive, buries orphaned processes where
// the pod shares its process namespace, and ends when it is asked to. `pause -v` only says what it is: kubeadm tries with
// it whether a cluster takes a Job before it upgrades one.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-v" {
		fmt.Println("pause of yiyun")
		return
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			fmt.Fprintln(os.Stderr, "ending:", received)
			return
		}
		for {
			buried, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if err != nil || buried <= 0 {
				break
			}
		}
	}
}
