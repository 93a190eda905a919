group   = "platform"
project = "platform/deploy"
