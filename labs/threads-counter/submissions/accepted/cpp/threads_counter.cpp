// C++: threads, a mutex and what it guards are one object.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

class Counter {
public:
    void add()
    {
        std::lock_guard<std::mutex> held(mutex);
        ++value;
    }
    int total()
    {
        std::lock_guard<std::mutex> held(mutex);
        return value;
    }

private:
    std::mutex mutex;
    int value = 0;
};

static long number(const std::string &word, long most)
{
    if (word.empty() || word.size() > 6 || word.find_first_not_of("0123456789") != std::string::npos)
        return 0;
    long n = std::stol(word);
    return n <= most ? n : 0;
}

int main(int argc, char *argv[])
{
    long wanted = argc == 3 ? number(argv[1], 16) : 0;
    long times = argc == 3 ? number(argv[2], 100000) : 0;
    if (wanted == 0 || times == 0) {
        std::cerr << "usage: threads_counter NTHREADS NTIMES\n";
        return EXIT_FAILURE;
    }
    auto counter = std::make_shared<Counter>();
    std::vector<std::thread> threads;
    bool failed = false;
    try {
        for (long n = 0; n < wanted; n++)
            threads.emplace_back([counter, times] {
                for (long i = 0; i < times; i++)
                    counter->add();
            });
    } catch (const std::system_error &error) {
        std::cerr << "pthread_create: " << error.what() << "\n";
        failed = true;
    }
    for (auto &thread : threads)
        thread.join();
    if (failed)
        return EXIT_FAILURE;
    std::cout << "counter: " << counter->total() << std::endl;
    return EXIT_SUCCESS;
}
