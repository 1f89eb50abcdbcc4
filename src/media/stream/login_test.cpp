#include "media/stream/login.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

struct Login {
  const char *address, *encoded;  // the latter null: the same
};

TEST(Login, IsEncodedUpToTheHost) {
  const Login all[] = {
      {"rtsp://user:p@ss/w?rd#1@host/path", "rtsp://user:p%40ss%2Fw%3Frd%231@host/path"},
      {"rtsp://user:p@ss@host/path", "rtsp://user:p%40ss@host/path"},
      {"rtsp://user:pa/ss@host", "rtsp://user:pa%2Fss@host"},
      {"rtsp://user:pa?ss@192.168.1.20:554/h264", "rtsp://user:pa%3Fss@192.168.1.20:554/h264"},
      {"rtsp://user:pa#ss@host/h264", "rtsp://user:pa%23ss@host/h264"},
      {"rtsp://user:pa:ss@host/h264", "rtsp://user:pa%3Ass@host/h264"},
      {"rtsp://user:pa ss@host/h264", "rtsp://user:pa%20ss@host/h264"},
      {"rtsp://user:@@host/h264", "rtsp://user:%40@host/h264"},
      {"rtsp://user:/@host/h264", "rtsp://user:%2F@host/h264"},
      {"rtsp://us@er:word@host/h264", "rtsp://us%40er:word@host/h264"},
      {"rtsp://me@example.org:word@10.0.0.7/1", "rtsp://me%40example.org:word@10.0.0.7/1"},
      {"rtsp://user:1234/5@10.0.0.7/1", "rtsp://user:1234%2F5@10.0.0.7/1"},
      {"rtsp://user:a/b/c@[fe80::1]:554/x", "rtsp://user:a%2Fb%2Fc@[fe80::1]:554/x"},
      {"rtsp://user:50%@host/x", "rtsp://user:50%25@host/x"},
      {"rtsp://user:p\xC3\xA4ss@host/x", "rtsp://user:p%C3%A4ss@host/x"},
      {"rtsp://user:a[b]\\c\"d@host/x", "rtsp://user:a%5Bb%5D%5Cc%22d@host/x"},
      {"http://user:p@ss/w@camera.lan/video.mjpg?fps=5",
       "http://user:p%40ss%2Fw@camera.lan/video.mjpg?fps=5"},
      {"rtsp://user:x#y@z@host:8554/a@2", "rtsp://user:x%23y%40z@host:8554/a@2"},
  };
  for (const Login& l : all) EXPECT_EQ(with_encoded_login(l.address), l.encoded) << l.address;
}

TEST(Login, WhatIsSoundStays) {
  for (const char* address : {"rtsp://host/path",
                              "rtsp://user:word@host/path",
                              "rtsp://user:p%40ss%2F@host:554/path",
                              "rtsp://user@host/path",
                              "rtsp://user:@host/path",
                              "rtsp://user:a!b$c&d'(e)*f+g,h;i=j@host/x",
                              "rtsp://host/stream@2",
                              "rtsp://host:554/stream@main",
                              "rtsp://user:word@host/stream@2",
                              "rtsp://user:word@192.168.1.20/stream@main/x",
                              "http://host/?mail=me@example.org",
                              "http://user:word@host/cgi?mail=me@example.org",
                              "http://10.0.0.7:80/a?b=c@d.e/f",
                              "rtsp://[::1]:554/a@b",
                              "rtsp://user:word@[::1]:554/a@b",
                              "-",
                              "/dev/video0",
                              "rtsp://",
                              "rtsp://@",
                              "@://@",
                              "udp://@239.0.0.1:5000"})
    EXPECT_EQ(with_encoded_login(address), address);
}

}  // namespace
}  // namespace octet
