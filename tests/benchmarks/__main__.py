"""`make bench`: print every benchmark."""

from tests.benchmarks import tracking_speed

if __name__ == "__main__":
    tracking_speed.main()
