# kayle-gateway: each target is one line. `make` alone prints what there is.
.PHONY: help deps run test check bench fuzz format
help: ; @grep -E '^[a-z]+:.*## [A-Za-z]' Makefile | sed -E 's/:.*## /\t/' | expand -t 10
deps: ; @bash scripts/install-dependencies
run: deps ; @bash scripts/run ## build a release and run the demo: a whole gateway with a stand-in upstream
test: deps ; @bash scripts/test ## install what is missing, then run every test
check: deps ; @bash scripts/check ## test, and format lint, sanitizers, instructions per request
bench: deps ; @bash bench/install && bench/run $(ARGS) ## every measurement, beside other gateways (ARGS=--help)
fuzz: deps ; @bash scripts/fuzz ## every fuzz target, ten minutes each (SECONDS_EACH=600)
format: ; @swift format format -i -r Package.swift Sources Tests ## bring the sources into form
