/* io_bound - pages of several web sites, first one after the other, then with a thread for each
 * site: threads help where a program waits, also when there are more of them than cores.
 *
 * The sites are its own, on this machine: a daemon thread each, at a port that the kernel chooses,
 * which takes its time before it answers.  ./io_bound 50 has fifty of them. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <parmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 100, PAGE_BYTES = 10000 };

typedef struct site {
    int listener;
    int port;
    double delay_s;
} site;

static int serve_pages(void *argument)
{
    const site *me = argument;
    static const char head[] = "HTTP/1.0 200 OK\r\n\r\n", page[PAGE_BYTES];
    char request[4096];
    int client;
    while ((client = accept(me->listener, NULL, NULL)) >= 0) {
        if (recv(client, request, sizeof request, 0) > 0 && parmap_sleep(me->delay_s) == PARMAP_OK)
            if (send(client, head, sizeof head - 1, MSG_NOSIGNAL) > 0)
                send(client, page, sizeof page, MSG_NOSIGNAL);
        close(client);
    }
    return 1;
}

static void open_site(site *new)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr *generic = (struct sockaddr *)&address;
    socklen_t bytes = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); /* and port 0: any */
    new->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(new->listener, generic, bytes) != 0 || listen(new->listener, 8) != 0 ||
        getsockname(new->listener, generic, &bytes) != 0)
        PARMAP_MUST(parmap_fail("a web site cannot be opened on 127.0.0.1"));
    new->port = ntohs(address.sin_port);

    parmap_thread thread;
    const parmap_thread_options options = {.daemon = true};
    PARMAP_MUST(parmap_thread_start_as(&thread, serve_pages, new, sizeof *new, &options));
}

static size_t count_bytes(char *data, size_t size, size_t count, void *bytes)
{
    (void)data;
    *(int *)bytes += (int)(size * count);
    return size * count;
}

static int download(void *argument)
{
    const site *from = argument;
    char url[64];
    int bytes = 0;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", from->port);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");    /* whatever the environment says */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* there are threads */
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
    const CURLcode failed = curl_easy_perform(curl);
    if (failed)
        fprintf(stderr, "io_bound: %s: %s\n", url, curl_easy_strerror(failed));
    curl_easy_cleanup(curl);
    return bytes; /* the exit code of the thread */
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
    PARMAP_MUST(parmap_start(&argc, &argv));
    if (!parmap_serve())
        return parmap_finish();
    curl_global_init(CURL_GLOBAL_DEFAULT);

    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const long asked = argc > 1 ? atol(argv[1]) : 4 * cores;
    const int count = asked < 1 ? 1 : asked > MOST ? MOST : (int)asked;
    site sites[MOST];
    for (int i = 0; i < count; i++) {
        sites[i].delay_s = 2.0 / count;
        open_site(&sites[i]);
    }

    const double begin = now();
    int bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += download(&sites[i]);
    const double in_a_row_s = now() - begin;

    parmap_thread threads[MOST];
    for (int i = 0; i < count; i++)
        PARMAP_MUST(parmap_thread_start(&threads[i], download, &sites[i], sizeof sites[i]));
    for (int i = 0; i < count; i++) {
        PARMAP_MUST(parmap_thread_join(&threads[i], PARMAP_FOREVER));
        bytes += threads[i].exit_code;
    }
    const double overlapped_s = now() - begin - in_a_row_s;

    printf("%d sites, twice: %d bytes\n", count, bytes);
    printf("one after the other:     %.2f s\n", in_a_row_s);
    printf("a thread for each site:  %.2f s, %d threads on %ld cores\n", overlapped_s, count,
           cores);
    printf("overlapped: %s\n", overlapped_s < in_a_row_s ? "faster" : "not faster");
    curl_global_cleanup();
    return parmap_finish();
}

/* TEST ranks=1,2,4,7 args=8 expect="8 sites, twice: 160000 bytes" expect="overlapped: faster" */
