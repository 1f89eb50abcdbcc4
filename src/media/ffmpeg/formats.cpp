#include "media/ffmpeg/formats.h"

extern "C" {
#include <libavutil/dict.h>
}

namespace octet {
namespace {

// What cameras send, by FFmpeg's names. No playlists (hls, dash, concat): they name further addresses,
// without a bound on how many.
constexpr const char* kStreamContainers =
    "rtsp,mpegts,mpjpeg,mjpeg,jpeg_pipe,flv,live_flv,mov,matroska,webm,h264,hevc,m4v,obu,ivf,avi,"
    "asf,"
    "ogg,nut,mpeg,mpegvideo,yuv4mpegpipe,video4linux2";
constexpr const char* kStreamDecoders =
    "h264,hevc,mjpeg,mpeg4,mpeg2video,mpeg1video,h263,flv,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,"
    "libaom-av1,theora,rawvideo,msmpeg4v2,msmpeg4,wmv1,wmv2,wmv3,vc1";
// tcp, udp and tls carry the others.
constexpr const char* kStreamProtocols = "rtp,rtsp,rtsps,srtp,tcp,udp,tls,http,https,httpproxy";

// What files hold besides.
constexpr const char* kFileContainers =
    ",png_pipe,bmp_pipe,webp_pipe,tiff_pipe,ppm_pipe,pgm_pipe,pbm_pipe,pam_pipe,pgmyuv_pipe,gif,"
    "gif_pipe,apng,dv,mxf,rm,wtv,vc1,dirac";
constexpr const char* kFileDecoders =
    ",png,apng,bmp,webp,tiff,ppm,pgm,pbm,pam,pgmyuv,gif,mjpegb,dvvideo,prores,dnxhd,ffv1,huffyuv,"
    "ffvhuff,utvideo,qtrle,cinepak,svq1,svq3,rv30,rv40,vp6,vp6f,msmpeg4v1,h263i,h263p,v210,dirac,"
    "cfhd,hap,mszh,zlib,targa";

// A file of hundreds of streams is none.
constexpr const char* kMostStreams = "32";
constexpr const char* kProbeBytes = "5000000";

}  // namespace

FfmpegOptions::~FfmpegOptions() { av_dict_free(&entries_); }

void FfmpegOptions::set(const char* key, const std::string& value) {
  av_dict_set(&entries_, key, value.c_str(), 0);
}

void FfmpegOptions::allow_files() {
  set("format_whitelist", std::string(kStreamContainers) + kFileContainers);
  set("codec_whitelist", std::string(kStreamDecoders) + kFileDecoders);
  set("max_streams", kMostStreams);
}

void FfmpegOptions::allow_streams(const std::string& address) {
  const bool rtp = address.starts_with("rtp://");  // FFmpeg describes it to itself
  set("format_whitelist", std::string(kStreamContainers) + (rtp ? ",rtp,sdp" : ""));
  set("codec_whitelist", kStreamDecoders);
  set("protocol_whitelist", kStreamProtocols);
  set("max_streams", kMostStreams);
  set("probesize", kProbeBytes);
}

}  // namespace octet
