"""`make bench`: print every benchmark."""

from tests.benchmarks import asking_speed, memory_recall, social_speed, tracking_speed

if __name__ == "__main__":
    asking_speed.main()
    memory_recall.main()
    social_speed.main()
    tracking_speed.main()
