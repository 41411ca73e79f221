-- For wrk: a message of 117 characters, as long as those of the other scenarios.
wrk.method = "POST"
wrk.body = '{"content":"the quick brown fox jumps over the lazy dog and runs the quick brown fox jumps over the lazy dog and runs"}'
wrk.headers["Content-Type"] = "application/json"
