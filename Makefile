# One word for each thing to do; what it means is in the scripts and playbooks that are called.
.PHONY: demo test lint unit app browser health molecule bench chaos prepare clean
.DEFAULT_GOAL := help

help:
	@echo "make demo | test | lint | unit | app | browser | health | molecule | bench | chaos | clean (see README.md)"

.venv/installed: requirements.txt
	tests/bin/venv .venv
	touch $@

demo: .venv/installed
	sandbox/bin/demo

test: .venv/installed
	tests/bin/all

lint: .venv/installed
	tests/bin/lint

unit: .venv/installed
	tests/bin/unit

app: .venv/installed prepare
	tests/bin/app

browser: .venv/installed prepare
	tests/bin/browser

health: .venv/installed prepare
	tests/bin/health

# The second one and the third measure the sandbox that `make demo` leaves.
bench: .venv/installed prepare
	tests/bin/bench_health
	tests/bin/bench
	tests/bin/bench_monitoring

# The monitoring has to be silent through ten changes: five deploys and five rollbacks.
chaos: .venv/installed prepare
	.venv/bin/ansible-playbook sandbox/playbooks/browser.yml
	tests/bin/rules
	tests/bin/lanes backup='tests/bin/molecule backup' migrations='tests/bin/molecule migrations' faults='tests/bin/molecule faults' \
		monitoring='env MONITORING_CHANGES=5 tests/bin/molecule monitoring' doctor='tests/bin/molecule doctor'
	tests/bin/chaos

prepare: .venv/installed
	sandbox/bin/prepare

molecule: .venv/installed prepare
	tests/bin/molecule

clean:
	sandbox/bin/clean
