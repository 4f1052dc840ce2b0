module yiyun.local/toolchain/pause

go 1.26
