module yiyun.local/toolchain/probe

go 1.26
