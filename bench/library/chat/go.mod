module parley-bench/chat

go 1.26.0
